"""The command imagewire-emulator: wrong flags end in one line with a remedy, and it prints where it serves."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from imagewire_emulator.cli import emulate
from imagewire_server import __version__
from tests import forked

pytestmark = pytest.mark.system

WRONG = [
    (("--port", "70000"), "--port"),
    (("--port", "x"), "--port"),
    (("--host", "no host"), "cannot serve on no host:0: "),
    (("--host", "203.0.113.1"), "cannot serve on 203.0.113.1:0: "),
    (("--upstream", "http://127.0.0.1:1"), "--upstream is of use only with --record"),
    (("--record-inputs",), "--record-inputs is of use only with --record"),
    (("--record", "FILE"), "File exists; name a folder that can be written"),
    (("--record", "FOLDER", "--upstream", "example.com"), "--upstream: not a URL with only a host and a path"),
    (("--record", "FOLDER", "--replay", "FOLDER"), "give --record or --replay, not both"),
    (("--replay", "FOLDER/missing"), "No such file or directory; name a folder made with --record"),
    (("--replay", "FOLDER"), "it has no recorded calls (*.har)"),
    (("serve",), "unexpected extra argument"),
]


@pytest.mark.parametrize(("arguments", "told"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_a_wrong_flag_is_told(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    words = [word.replace("FILE", f"{tmp_path}/file").replace("FOLDER", f"{tmp_path}/folder") for word in arguments]
    ended = CliRunner().invoke(emulate, ["--port", "0", *words])
    assert ended.exit_code == 2
    assert told in ended.stderr
    assert isinstance(ended.exception, SystemExit)


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = CliRunner().invoke(emulate, ["--port", str(taken.getsockname()[1])])
    assert ended.exit_code == 2
    assert ended.stderr.count("\n") == 1
    assert "Address already in use; stop the program that uses it, or choose another with --port" in ended.stderr


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_the_options(flag: str) -> None:
    ended = CliRunner().invoke(emulate, [flag])
    assert ended.exit_code == 0
    assert all(name in ended.stdout for name in ("--host", "--port", "--record", "--replay", "--upstream"))


def test_the_version_is_the_servers() -> None:
    ended = CliRunner().invoke(emulate, ["--version"], prog_name="imagewire-emulator")
    assert ended.stdout == f"imagewire-emulator {__version__}\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_its_address_and_ends_by_a_signal(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "imagewire_emulator", "--port", "0"]
    process = forked.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    match = re.fullmatch(r"emulator of Google's API on (http://127\.0\.0\.1:\d+), key emulator-key, .+\n", line)
    assert match, line
    assert httpx.get(f"{match[1]}/v1beta/nothing").status_code == 404
    process.send_signal(number)
    assert process.communicate() == ("", "")
    assert process.returncode == 0


def test_faults_on_demand_are_no_faults_of_the_program() -> None:
    command = [sys.executable, "-m", "imagewire_emulator", "--port", "0"]
    with forked.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        address = re.search(r"http://\S+:\d+", program.stdout.readline())
        assert address
        with httpx.Client(base_url=address[0], headers={"x-goog-api-key": "emulator-key"}, trust_env=False) as client:
            given = {"contents": [{"parts": [{"text": "A banana"}]}]}
            for name in ("cut", "reset"):
                with pytest.raises(httpx.TransportError):
                    client.post(f"/v1beta/models/emulator-{name}:generateContent", json=given)
        program.send_signal(signal.SIGTERM)
        assert program.stderr.read() == ""
