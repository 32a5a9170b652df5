"""The server inside the process: one for each environment, nothing of it left over, an error where there is none."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import imagewire
from imagewire._grpc import embedded
from imagewire_server import embedded as server
from tests.integration.processes import Program

TALK = """
import imagewire, pathlib, threading
with imagewire.Client("embedded") as client:
    folder = pathlib.Path(client.target.removeprefix("unix:")).parent
    assert folder.stat().st_mode & 0o077 == 0
    assert imagewire.Client("embedded").target == client.target
    print(folder, client.draw("A banana").width, client.ping().status)
"""


def test_it_draws_and_leaves_nothing_but_what_it_keeps(emulator: Program, tmp_path: Path) -> None:
    environ = {
        "GEMINI_API_KEY": "emulator-key",
        "IMAGEWIRE_GEMINI_BASE_URL": emulator.address,
        "XDG_STATE_HOME": str(tmp_path),
    }
    ended = subprocess.run(
        [sys.executable, "-W", "default", "-c", TALK],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    folder, width, status = ended.stdout.split()
    assert (width, status) == ("1024", "SERVING")
    assert not Path(folder).exists()
    kept = tmp_path / "imagewire" / "answers"
    assert kept.stat().st_mode & 0o077 == 0
    assert {path.name for path in kept.iterdir() if path.is_file()} == {"answers.sqlite", "secret"}, "it was closed"
    assert [*(kept / "owners").iterdir(), *(kept / "parts").iterdir()] == []


def test_another_key_has_another_server(emulator: Program) -> None:
    given = {"IMAGEWIRE_GEMINI_BASE_URL": emulator.address}
    right = embedded.address(GEMINI_API_KEY="emulator-key", **given)
    wrong = embedded.address(GEMINI_API_KEY="wrong", **given)
    assert right == embedded.address(GEMINI_API_KEY="emulator-key", **given) != wrong
    with imagewire.Client(right) as client:
        assert client.draw("A banana").mime_type == "image/png"
    with imagewire.Client(wrong) as client, pytest.raises(imagewire.ImagewireError, match="key"):
        client.draw("A banana")


def running() -> int:
    return sum(each.is_running for each in server._ending)


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def asked(target: str) -> None:
    with imagewire.Client(target) as client:
        assert client.ping().status == "SERVING"


def test_s7_forty_keys_are_not_forty_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_JUST", 0.0)
    targets, files = [], []
    for number in range(40):
        targets.append(embedded.address(GEMINI_API_KEY=f"key-{number}"))
        asked(targets[-1])
        files.append(open_files())
    assert len(set(targets)) == 40
    assert running() <= server._MOST
    assert max(files[20:]) <= max(files[:20]) + 8, "a server that has ended leaves no open files"
    asked(targets[0])  # which has ended, and starts again at the same address
    assert running() <= server._MOST


def test_s7_a_server_with_a_call_goes_on(emulator: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_JUST", 0.0)
    target = embedded.address(GEMINI_API_KEY="emulator-key", IMAGEWIRE_GEMINI_BASE_URL=emulator.address, GOOGLE_X="1")
    with imagewire.Client(target) as client:
        events = client.stream_completion("gemini/emulator-latency-300", "x")
        next(events)
        for number in range(server._MOST + 1):
            asked(embedded.address(GEMINI_API_KEY=f"other-{number}"))
        assert [event.WhichOneof("event") for event in events][-1] == "finished"


def test_s7_an_idle_server_ends_and_the_next_call_starts_it() -> None:
    target = server.start({"GEMINI_API_KEY": "k"}, idle=0.01)
    target._server._thread.join()
    assert not target._server.is_running
    target._server._idle = None  # else it may end again before it is asked
    asked(target)


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(imagewire.InvalidRequest, match="idle_timeout must be a number"):
        embedded.address(GEMINI_API_KEY="k", IMAGEWIRE_IDLE_TIMEOUT="soon")


def test_without_a_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "entry_points", lambda group: importlib.metadata.EntryPoints(()))
    with pytest.raises(imagewire.NotSupported, match=r'pip install "imagewire\[embedded\]"'):
        embedded.address(GEMINI_API_KEY="another")
