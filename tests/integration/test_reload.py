"""SIGHUP: what is read again, what goes on as it was, and that no file, however odd, costs the next reload."""

import asyncio
import contextlib
import json
import os
import signal
import threading
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest
from structlog.testing import CapturingLogger

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server import bootstrap, serving
from imagewire_server.config.deployments import Deployment
from imagewire_server.config.load import Config
from imagewire_server.contract import pb
from tests.conftest import everything, spec
from tests.integration import processes
from tests.integration.token_server import token_server

pytestmark = pytest.mark.system

if TYPE_CHECKING:
    from imagewire_server.providers.registry import Connector

CONFIG = """\
model_list:
  - model_name: draw
    litellm_params: {model: gemini/gemini-2.5-flash-image, api_key: emulator-key}
"""
FAILING = """\
model_list:
  - model_name: draw
    litellm_params: {model: gemini/emulator-503, api_key: emulator-key}
    model_info: {id: failing}
"""
ODD = {
    "deep": "[" * 100_000,
    "a tag": "model_list: !env LIST",
    "a date": "model_list: 2024-01-01",
    "no date": "model_list: 2024-99-99",
    "an alias of itself": "model_list: &a [*a]",
    "a key that is a list": "? [a]\n: b",
    "bytes": "\x00",
    "no number": "model_list: [{model_name: v, litellm_params: {model: vertex_ai/m, vertex_credentials: {a: 0b_}}}]",
    "nothing": "",
}


def draw(server: processes.Program, name: str = "draw") -> str:
    """The code of a call that draws nothing."""
    request = pb.CreateCompletionRequest(spec=spec(name, response_modalities=[pb.Modality.MODALITY_TEXT]))
    with grpc.insecure_channel(server.address) as channel:
        try:
            chat_service_pb2_grpc.ChatServiceStub(channel).CreateCompletion(request, timeout=20)
        except grpc.RpcError as error:
            return str(error.code().name)  # type: ignore[attr-defined]  # it is a call too
    return "OK"


def unhealthy(server: processes.Program) -> list[str]:
    with urllib.request.urlopen(f"{server.rest}/health") as answer:  # noqa: S310  # loopback
        health: dict[str, Any] = json.load(answer)
    return [endpoint["model_id"] for endpoint in health["unhealthy_endpoints"]]


@pytest.fixture
def emulator() -> Iterator[processes.Program]:
    with processes.emulator() as made:
        yield made


def test_d9_no_file_costs_the_next_reload(tmp_path: Path, emulator: processes.Program) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    with processes.server(emulator.address, "--config", str(file), gemini_api_key="") as server:
        for text in ODD.values():
            file.write_text(text)
            server.hang_up()
            assert str(file) in server.log_line("the configuration was not reloaded")["why"] or not text
            assert draw(server) == "OK"
        file.unlink()
        os.mkfifo(file)
        server.hang_up()
        assert "is not a regular file" in server.log_line("the configuration was not reloaded")["why"]
        file.unlink()
        file.write_text(CONFIG.replace("draw", "renamed"))
        server.hang_up()
        server.log_line("reloaded")
        assert draw(server, "renamed") == "OK"


async def test_d9_a_fault_while_reloading_is_told_and_the_next_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    log = CapturingLogger()
    monkeypatch.setattr(serving, "_log", log)
    config = Config(deployments=everything("key"))
    hangups: asyncio.Queue[None] = asyncio.Queue()
    read = asyncio.Queue[Exception | None]()
    again = asyncio.Event()
    loop = asyncio.get_running_loop()

    def reread() -> Config:
        failure = read.get_nowait()
        if failure is not None:
            raise failure
        loop.call_soon_threadsafe(again.set)
        return config

    async with bootstrap.server(config) as made:
        reloading = asyncio.create_task(serving._reload_on(hangups, made, reread))
        for outcome in (RecursionError("SECRET"), MemoryError(), None):
            read.put_nowait(outcome)
            hangups.put_nowait(None)
        async with asyncio.timeout(20):
            await again.wait()
        reloading.cancel()
    told = [call.kwargs for call in log.calls if call.method_name == "error"]
    assert [(line["why"], line["kind"]) for line in told] == [
        ("a fault of this server's", "RecursionError"),
        ("a fault of this server's", "MemoryError"),
    ]
    assert "SECRET" not in str(told)


async def test_a_provider_that_cannot_read_its_credentials_again_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = CapturingLogger()
    monkeypatch.setattr(bootstrap, "_log", log)
    reread: list[list[str]] = []

    async def fail(deployments: Iterable[Deployment]) -> None:
        raise OSError("SECRET")

    async def note(deployments: Iterable[Deployment]) -> None:
        reread.append([deployment.provider for deployment in deployments])

    config = Config(deployments=everything("key"))
    async with bootstrap.server(config) as made:
        registration, connector = made._providers[0]
        made._providers = [
            (registration, cast("Connector", SimpleNamespace(provider=connector.provider, reread=do)))
            for do in (fail, note)
        ]
        await made.reload(Config(deployments=config.deployments[:1]))
        assert made._config.deployments == config.deployments[:1]
    assert reread == [[config.deployments[0].provider]]
    (line,) = [call for call in log.calls if call.method_name == "error"]
    assert (line.args, line.kwargs["kind"]) == (("credentials were not read again",), "OSError")
    assert "SECRET" not in str(line)


def test_d9_a_hangup_while_the_server_starts_does_not_end_it(tmp_path: Path, emulator: processes.Program) -> None:
    # It waits for the text of its configuration when the hangup comes.
    pipe = tmp_path / "config.yaml"
    os.mkfifo(pipe)
    sent = threading.Event()

    def write() -> None:
        with pipe.open("w") as file:
            (pid,) = (int(task.name) for task in Path("/proc").glob("[0-9]*") if str(pipe) in command(task))
            os.kill(pid, signal.SIGHUP)
            file.write(CONFIG)
        sent.set()

    def command(task: Path) -> list[str]:
        with contextlib.suppress(OSError):
            return (task / "cmdline").read_text().split("\0")
        return []

    writing = threading.Thread(target=write)
    writing.start()
    # Started by itself, so that its arguments are those of the process.
    with processes.server(emulator.address, "--config", str(pipe), before=["env"]) as server:
        assert sent.is_set()
        assert draw(server) == "OK"
    writing.join()


def test_d9_a_reload_does_not_take_the_master_key_away(tmp_path: Path, emulator: processes.Program) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG + "general_settings: {master_key: hidden}\n")
    with processes.server(emulator.address, "--config", str(file)) as server:
        assert draw(server) == "UNAUTHENTICATED"
        for text in (CONFIG, ""):  # an editor may empty a file before it writes it anew
            file.write_text(text)
            server.hang_up()
            assert "master key" in server.log_line("the configuration was not reloaded")["why"]
            assert draw(server) == "UNAUTHENTICATED"


def test_d9_a_cooldown_outlives_a_reload_that_leaves_the_deployment_as_it_was(
    tmp_path: Path, emulator: processes.Program
) -> None:
    file = tmp_path / "config.yaml"
    router = "router_settings: {allowed_fails: 0, cooldown_time: 3600}\n"
    file.write_text(FAILING + router)
    with processes.server(emulator.address, "--config", str(file)) as server:
        assert draw(server) == "UNAVAILABLE"
        assert unhealthy(server) == ["failing"]
        other = CONFIG.partition("\n")[2].replace("draw", "other")
        weighted = FAILING.replace("emulator-key", "emulator-key, weight: 2")
        for text in (FAILING, FAILING + other, weighted):
            file.write_text(text + router)
            server.hang_up()
            server.log_line("reloaded")
            assert unhealthy(server) == ["failing"]
        file.write_text(FAILING.replace("emulator-key", "another-key") + router)
        server.hang_up()
        server.log_line("reloaded")
        assert unhealthy(server) == []


def test_d9_the_budget_for_repeats_outlives_a_reload(tmp_path: Path, emulator: processes.Program) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(FAILING + "router_settings: {allowed_fails: 1000, num_retries: 1}\n")
    with processes.server(emulator.address, "--config", str(file)) as server:
        for _ in range(14):
            draw(server)
        spent = len(processes.ledger(emulator.address)) - 14
        assert spent >= 10
        server.hang_up()
        server.log_line("reloaded")
        for _ in range(5):
            draw(server)
        # A call earns a tenth of a repeat.
        assert len(processes.ledger(emulator.address)) <= 14 + spent + 5 + 1


async def test_d9_rotated_credentials_are_read_although_the_configuration_is_the_same(
    tmp_path: Path, emulator: processes.Program
) -> None:
    key, file = tmp_path / "sa.json", tmp_path / "config.yaml"
    params = f"{{model: vertex_ai/gemini-3-pro-image, vertex_credentials: {key}}}"
    file.write_text(f"model_list:\n  - model_name: draw\n    litellm_params: {params}\n")
    async with token_server() as before, token_server() as after:
        key.write_text(before.service_account())
        with processes.server(emulator.address, "--config", str(file)) as server:
            assert await asyncio.to_thread(draw, server) == "OK"
            for odd in ("", "[]", "{}"):
                key.write_text(odd)
                server.hang_up()
                await asyncio.to_thread(server.log_line, "the credentials were not read again: the old ones serve on")
                assert await asyncio.to_thread(draw, server) == "OK"
            key.unlink()
            os.mkfifo(key)
            server.hang_up()
            await asyncio.to_thread(server.log_line, "the credentials were not read again: the old ones serve on")
            key.unlink()
            assert before.asked == 1
            key.write_text(after.service_account())
            server.hang_up()
            await asyncio.to_thread(server.log_line, "reloaded")
            async with asyncio.timeout(20):
                while not after.asked:
                    assert await asyncio.to_thread(draw, server) == "OK"
            assert (before.asked, after.asked) == (1, 1)
