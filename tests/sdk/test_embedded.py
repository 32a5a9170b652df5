"""The server inside the process: one for each environment, nothing of it left over, an error where there is none."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
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


def test_what_was_drawn_after_a_deadline_is_not_paid_again(emulator: Program) -> None:
    with httpx.Client(base_url=emulator.address) as asked:
        given: dict[str, Any] = {"api_base": f"{emulator.address}/v1beta", "api_key": "emulator-key"}
        model = "gemini/gemini-2.5-flash-image"
        # The server starts here, however long that takes.
        imagewire.completion(model, [{"role": "user", "content": "A banana"}], **given)
        before = len(asked.get("/_emulator/requests").json())
        say = [{"role": "user", "content": "A late banana x-emulate: latency=4s"}]
        with pytest.raises(imagewire.DeadlineExceeded, match="repeat the request with its request_id") as caught:
            imagewire.completion(model, say, timeout=2.5, **given)
        answer = imagewire.completion(model, say, request_id=caught.value.request_id, **given)
        assert answer.choices[0].message.images
        assert len(asked.get("/_emulator/requests").json()) == before + 1


@pytest.mark.parametrize("given", [{"num_retries": 0}, {"max_retries": 1}, {"num_retries": 2, "stream": True}])
def test_repeats_are_counted_once_and_each_time_the_same(emulator: Program, given: dict[str, Any]) -> None:
    model, say = "gemini/gemini-3-pro-image", [{"role": "user", "content": "x-emulate: 503"}]
    server = {"api_base": f"{emulator.address}/v1beta", "api_key": "emulator-key"}
    with httpx.Client(base_url=emulator.address) as asked:
        for _ in range(6):
            before = len(asked.get("/_emulator/requests").json())
            with pytest.raises(imagewire.ImagewireError):
                list(imagewire.completion(model, say, **server, **given))
            made = len(asked.get("/_emulator/requests").json()) - before
            assert made == 1 + given.get("num_retries", given.get("max_retries", 0))


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
