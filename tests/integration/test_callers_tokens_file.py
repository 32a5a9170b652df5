"""Issuers of tokens in the file: read again by SIGHUP, checked by the command, and a wrong one stops the start."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from imagewire_server.cli import app
from tests.integration import processes
from tests.integration.test_callers_file import MODELS, listing
from tests.token_issuer import AUDIENCE, ISSUER, key_server, key_set, public_jwk, token

pytestmark = pytest.mark.system

OWN = "imagewire:\n  jwt: {{issuer: '{issuer}', audiences: {audience}, jwks: '{jwks}'}}\n  callers: {callers}\n"


def text(jwks: Path | str, issuer: str = ISSUER, callers: str = "[{name: web, jwt: {}}]") -> str:
    return MODELS + OWN.format(issuer=issuer, audience=AUDIENCE, jwks=jwks, callers=callers)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_f28_issuers_are_read_again_and_a_bad_one_keeps_the_last_good_ones(tmp_path: Path, workers: str) -> None:
    file = tmp_path / "config.yaml"
    (tmp_path / "other.json").write_bytes(key_set(public_jwk("ES256")))
    arguments = ("--config", str(file), "--workers", workers)
    other, given = token(algorithm="ES256", iss="https://other.example.org"), token()
    with key_server(key_set()) as keys, processes.emulator() as emulator:
        file.write_text(text(keys.url))
        with processes.server(emulator.address, *arguments, gemini_api_key="") as server:
            assert await listing(server.address, "") == "UNAUTHENTICATED"
            assert await listing(server.address, "", given) == "OK"
            for bad, why in (
                (text(tmp_path / "absent.json", "https://x"), "absent.json cannot be read (No such file or directory)"),
                (text(keys.url, callers="[]"), "no caller is known by tokens of"),
            ):
                file.write_text(bad)
                server.hang_up()
                said = ""
                while why not in said:  # each worker says what is wrong with keys
                    said = (await asyncio.to_thread(server.log_line, "the configuration was not reloaded"))["why"]
                assert f"{file}:5: " in said
                assert await listing(server.address, "", given) == "OK"
            file.write_text(text(tmp_path / "other.json", "https://other.example.org"))
            server.hang_up()
            for _ in range(int(workers)):
                await asyncio.to_thread(server.log_line, "reloaded")
            assert await listing(server.address, "", other) == "OK"
            assert await listing(server.address, "", given) == "UNAUTHENTICATED"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_f28_keys_that_cannot_be_had_stop_the_start(tmp_path: Path, workers: str) -> None:
    file = tmp_path / "config.yaml"
    command = [sys.executable, "-m", "imagewire_server", "serve", "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0"]
    with key_server(b"<html>") as keys:
        file.write_text(text(keys.url))
        ended = subprocess.run(
            [*command, "--config", str(file), "--workers", workers], capture_output=True, text=True, check=False
        )
    assert ended.returncode == 2
    assert ended.stderr.count(f"{file}:5: jwks {keys.url} is not JSON; name a file, or a URL, with the public") == 1


def test_check_reads_files_and_fetches_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    (tmp_path / "keys.json").write_bytes(key_set())
    file.write_text(text(tmp_path / "keys.json"))
    result = CliRunner().invoke(app, ["check", "--config", str(file)])
    assert result.exit_code == 0, result.output
    assert "callers must send a token\n" in result.output
    assert f"  tokens of {ISSUER} for {AUDIENCE}, by the keys in {tmp_path}/keys.json: sub says who" in result.output
    (tmp_path / "keys.json").write_bytes(b"{}")
    result = CliRunner().invoke(app, ["check", "--config", str(file)])
    assert (result.exit_code, f"{file}:5: jwks {tmp_path}/keys.json is no JWKS" in result.output) == (2, True)
    assert CliRunner().invoke(app, ["check", "--no-env", "--config", str(file)]).exit_code == 0
    with key_server(b"") as keys:
        file.write_text(text(keys.url))
        assert CliRunner().invoke(app, ["check", "--config", str(file)]).exit_code == 0
        assert keys.asked == 0
