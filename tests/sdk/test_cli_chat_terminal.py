"""imagewire chat in a terminal: prompts, what was typed, Ctrl-C."""

import os
import stat
from pathlib import Path

import pytest

from tests.integration.processes import Program
from tests.sdk.command import Terminal, left, outcome, terminal
from tests.sdk.conftest import Script, scripted

pytestmark = pytest.mark.system

# What a prompt begins with: from here on the terminal marks what is pasted.
PROMPT = b"\x1b[?2004h"
DRIP = "gemini/emulator-drip-20000-2000000"


@pytest.fixture
def state(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("state"))


def quit_(shown: Terminal) -> int:
    shown.type(b"/quit\r")
    return shown.end()


def test_a_session(tmp_path: Path, target: str, state: str) -> None:
    with terminal(tmp_path, target, "chat", XDG_STATE_HOME=state) as shown:
        prompt = shown.until(PROMPT)
        assert 0 <= shown.seen.find(b"\x1b[c") < prompt, "the terminal is asked before anybody types"
        begun = shown.type("A café\r".encode())
        at = shown.until(b"sha256", begun)
        seen = shown.seen[begun:at]
        assert seen.index(b"waiting for the model") < seen.index("\u2580".encode()) < seen.index("a-café.png".encode())
        assert b"\x1b[c" not in seen, "and not again"
        shown.until(PROMPT, at)
        begun = shown.type(b"/help\r")
        shown.until(PROMPT, shown.until(b"/undo", begun))
        assert quit_(shown) == 0
    assert b"Traceback" not in shown.seen
    assert left(tmp_path) == ["a-café.png"]


def test_what_was_typed_is_there_again_and_for_nobody_else(tmp_path: Path, state: str) -> None:
    umask = os.umask(0)
    try:
        with scripted(Script()) as target:
            with terminal(tmp_path, target, "chat", XDG_STATE_HOME=state) as shown:
                shown.until(PROMPT)
                shown.until(b"x.png", shown.type(b"x\r"))
                shown.process.kill()
            file = Path(state, "imagewire", "history")
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
            with terminal(tmp_path, target, "chat", XDG_STATE_HOME=state) as shown:
                shown.until(PROMPT)
                shown.until(b"x-2.png", shown.type(b"\x1b[A\r"))
    finally:
        os.umask(umask)


def test_ctrl_c_in_a_turn_cancels_that_turn_alone(
    tmp_path: Path, not_keeping: str, emulator: Program, state: str
) -> None:
    with terminal(tmp_path, not_keeping, "chat", "-m", DRIP, XDG_STATE_HOME=state) as shown:
        shown.until(PROMPT)
        shown.until(b"receiving", shown.type(b"A cat\r"))
        at = shown.until(b"this turn is cancelled", shown.type(b"\x03"))
        assert outcome(emulator.address) == "client_disconnected"
        shown.until(PROMPT, at)
        at = shown.until(b"nothing to take back", shown.type(b"/undo\r"))
        shown.until(PROMPT, at)
        assert quit_(shown) == 0
    assert left(tmp_path) == []


def test_what_is_typed_costs_no_more_pictures_than_it_asks_for(tmp_path: Path, state: str) -> None:
    script = Script()
    with scripted(script) as target, terminal(tmp_path, target, "chat", XDG_STATE_HOME=state) as shown:

        def typed(keys: bytes, answer: bytes) -> None:
            at = shown.until(answer, shown.type(keys))
            shown.until(PROMPT, at)

        shown.until(PROMPT)
        typed(b"\x1b[200~A cat\rthat sits\ron a mat\x1b[201~\r", b"a-cat-that-sits-on-a-mat.png")
        typed(b"A dog\rthat runs\rand barks\r", b"a-dog-that-runs-and-barks.png")  # a terminal that marks no paste
        typed(b"A cow\x1b\r in two lines\r", b"a-cow-in-two-lines.png")
        for answer in b"n", b"":
            shown.until(b'Draw "exit" as a picture?', shown.type(b"exit\r"))
            typed(answer + b"\r", b"\n")
        shown.until(b'Draw "help!" as a picture?', shown.type(b"help!\r"))
        typed(b"y\r", b"help.png")
        shown.until(b"half a prom", shown.type(b"half a prom"))
        typed(b"\x03", b"\n")
        assert shown.process.poll() is None, "Ctrl-C cleared the line"
        shown.type(b"\x03")
        assert shown.end() == 0
    assert b"imagewire chat --resume " in shown.seen
    assert b"Traceback" not in shown.seen
    asked = [
        request.spec.messages[-1].parts[-1].text or request.spec.messages[-1].content for request in script.requests
    ]
    assert asked == [
        "A cat\nthat sits\non a mat",
        "A dog\nthat runs\nand barks",
        "A cow\n in two lines",
        "help!",
    ]


def test_sigterm_at_the_prompt_ends_it(tmp_path: Path, state: str) -> None:
    """The results of --json go to stdout, so the prompt is on stderr; here both are the terminal."""
    with terminal(tmp_path, "127.0.0.1:1", "chat", "--json", XDG_STATE_HOME=state) as shown:
        shown.until(PROMPT)
        shown.process.terminate()
        assert shown.end() == 130
    assert b"Traceback" not in shown.seen


def test_ctrl_d_leaves(tmp_path: Path, state: str) -> None:
    with terminal(tmp_path, "127.0.0.1:1", "chat", XDG_STATE_HOME=state) as shown:
        shown.until(PROMPT)
        shown.type(b"\x04")
        assert shown.end() == 0


def test_sigterm_ends_it_in_the_middle_of_a_turn(
    tmp_path: Path, not_keeping: str, emulator: Program, state: str
) -> None:
    with terminal(tmp_path, not_keeping, "chat", "-m", DRIP, XDG_STATE_HOME=state) as shown:
        shown.until(PROMPT)
        shown.until(b"receiving", shown.type(b"A cat\r"))
        shown.process.terminate()
        assert shown.end() == 130
    assert outcome(emulator.address) == "client_disconnected"
    assert left(tmp_path) == []


def test_a_failure_is_told_and_the_chat_goes_on(tmp_path: Path, target: str, state: str) -> None:
    with terminal(tmp_path, target, "chat", "-m", "gemini/emulator-safety", XDG_STATE_HOME=state) as shown:
        shown.until(PROMPT)
        at = shown.until(b"blocked (SAFETY", shown.type(b"A cat\r"))
        shown.until(PROMPT, at)
        at = shown.until(b"is no command", shown.type(b"/frob\r"))
        shown.until(PROMPT, at)
        assert quit_(shown) == 0


def test_where_nothing_can_be_kept_the_chat_goes_on(tmp_path: Path, state: str) -> None:
    (Path(state) / "imagewire").write_text("in the way")
    with scripted(Script()) as target, terminal(tmp_path, target, "chat", XDG_STATE_HOME=state) as shown:
        shown.until(PROMPT)
        shown.until(b"x.png", shown.type(b"x\r"))
        assert quit_(shown) == 0
    assert b"Traceback" not in shown.seen
