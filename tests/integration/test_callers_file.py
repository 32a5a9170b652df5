"""Callers in the file: a new key serves at once after SIGHUP, and a bad file keeps those that there were."""

import asyncio
import hashlib
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner

from imagewire.v1 import model_service_pb2_grpc
from imagewire_server.cli import app
from imagewire_server.contract import pb
from tests.integration import processes

pytestmark = pytest.mark.system

MODELS = """\
model_list:
  - model_name: draw
    litellm_params: {model: gemini/gemini-2.5-flash-image, api_key: emulator-key}
"""


def made(*arguments: str) -> tuple[str, str]:
    """A new key, and the lines for the file."""
    result = CliRunner().invoke(app, ["key", "new", *arguments])
    assert result.exit_code == 0, result.output
    key, _, lines = result.output.partition("\n")
    return key, lines


async def listing(address: str, key: str, token: str = "") -> str:
    """The code of a call with a key, or with a token."""
    shown = ("authorization", f"Bearer {token}") if token else ("x-api-key", key)
    async with grpc.aio.insecure_channel(address) as channel:
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        try:
            await stub.ListModels(pb.ListModelsRequest(), metadata=(shown,))
        except grpc.aio.AioRpcError as error:
            return error.code().name
    return "OK"


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_callers_are_read_again_and_a_bad_file_keeps_the_last_good_ones(tmp_path: Path, workers: str) -> None:
    file = tmp_path / "config.yaml"
    first, lines = await asyncio.to_thread(made, "first")
    limits = ("--models", "draw", "--requests-per-minute", "100000", "--usd-per-day", "5")
    second, others = await asyncio.to_thread(made, "second", *limits)
    file.write_text(MODELS + lines)
    arguments = ("--config", str(file), "--workers", workers)
    with processes.emulator() as emulator, processes.server(emulator.address, *arguments, gemini_api_key="") as server:
        assert await listing(server.address, first) == "OK"
        assert await listing(server.address, second) == "UNAUTHENTICATED"
        file.write_text(MODELS + others)
        server.hang_up()
        for _ in range(int(workers)):  # each reads the file for itself
            await asyncio.to_thread(server.log_line, "reloaded")
        assert await listing(server.address, second) == "OK"
        assert await listing(server.address, first) == "UNAUTHENTICATED"
        for bad, why in (
            (MODELS + others.replace("key_sha256", "key"), "unknown key 'key' in callers"),
            (MODELS, "would need no key"),
        ):
            file.write_text(bad)
            server.hang_up()
            assert why in await asyncio.to_thread(lambda: server.log_line("the configuration was not reloaded")["why"])
            assert await listing(server.address, second) == "OK"
        line = await asyncio.to_thread(server.log_line, "call")
        assert line["caller"] in {"first", "second", "anonymous"}


@pytest.mark.parametrize(
    ("callers", "arguments", "words"),
    [
        ("[{name: a, key_sha256: x}]", (), "config.yaml:5: key_sha256 must be the SHA-256 of a key"),
        (
            f"[{{name: a, key_sha256: {'ab' * 32}, calls_at_once: 1}}]",
            ("--workers", "2"),
            "calls_at_once of 'a' is 1, and 2 processes",
        ),
    ],
    ids=["wrong", "not to be split"],
)
def test_what_is_wrong_stops_the_start(tmp_path: Path, callers: str, arguments: tuple[str, ...], words: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"{MODELS}imagewire:\n  callers: {callers}\n")
    command = [sys.executable, "-m", "imagewire_server", "serve", "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0"]
    ended = subprocess.run([*command, "--config", str(file), *arguments], capture_output=True, text=True, check=False)
    assert (ended.returncode, words in ended.stderr) == (2, True), ended.stderr


def test_a_key_is_in_no_file_and_no_log() -> None:
    key, lines = made("web")
    assert key not in lines
    assert hashlib.sha256(key.encode()).hexdigest() in lines


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["we b"], "'we b' is no name of a caller"),
        (["web", "--methods", "drow"], "did you mean 'draw'?"),
        (["web", "--calls-at-once", "0"], "'--calls-at-once': 0 is not in the range"),
        (["web", "--usd-per-day", "-1"], "usd_per_day must be"),
        (["web", "--usd-per-day", "0"], "usd_per_day must be more than 0"),
        ([], "Missing argument 'NAME'"),
    ],
    ids=str,
)
def test_a_wrong_key_command_is_told_with_what_to_do(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["key", "new", *arguments])
    assert result.exit_code == 2
    assert words in result.output
