"""imagewire chat in a real terminal, tmux: it costs exactly the pictures that were asked for."""

import os
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from tests.compat.conftest import needs
from tests.integration.processes import Program, ledger
from tests.sdk.command import COMMAND, environ, left

pytestmark = pytest.mark.system

PRO = "gemini/gemini-3-pro-image"  # refuses an edit whose signatures are missing


class Tmux:
    """A server of tmux with one window: 100 columns, 30 rows, and a shell."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._socket = str(folder / "tmux")
        self._environment = environment
        self("-f", os.devnull, "new-session", "-d", "-x", "100", "-y", "30", "-c", str(folder / "work"), "/bin/sh")

    def __call__(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", "-S", self._socket, *words], env=self._environment, capture_output=True, text=True, check=True
        ).stdout

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self("send-keys", *keys)

    def until(self, words: str, times: int = 1) -> None:
        """Wait until the window, with what has scrolled away, shows words so many times."""
        deadline = time.monotonic() + 60
        while (shown := self("capture-pane", "-p", "-J", "-S", "-")).count(words) < times:
            assert time.monotonic() < deadline, shown
            time.sleep(0.02)

    def prompted(self) -> None:
        """Wait until the last line is an empty prompt."""
        deadline = time.monotonic() + 60
        while not (shown := self("capture-pane", "-p").rstrip()).endswith("\n>"):
            assert time.monotonic() < deadline, shown
            time.sleep(0.02)


def start_a_chat(tmux: Tmux) -> None:
    """Two turns; what is cleared or declined is none."""
    tmux.keys(shlex.join([*COMMAND, "chat", "-m", PRO]), "Enter")
    tmux.until("/exit leaves")
    tmux.prompted()
    tmux("set-buffer", "A cat\nthat sits\non a mat")
    tmux("paste-buffer", "-p")  # as a terminal pastes: with marks around it
    tmux.until("on a mat")
    tmux.keys("Enter")
    tmux.until("a-cat-that-sits-on-a-mat.png")
    tmux.prompted()
    tmux("set-buffer", "Make it\nblue")
    tmux("paste-buffer")  # as an old terminal pastes
    tmux.until("  blue")
    tmux("resize-window", "-x", "60", "-y", "20")
    tmux.keys("Enter")
    tmux.until("make-it-blue.png")
    tmux.prompted()
    tmux.keys("A mistake")
    tmux.until("A mistake")
    tmux.keys("C-c")
    tmux.prompted()
    tmux.keys("quit", "Enter")
    tmux.until('Draw "quit" as a picture?')
    tmux.keys("n", "Enter")
    tmux.prompted()
    tmux.keys("C-c")
    tmux.until("imagewire chat --resume")


def resume_it(tmux: Tmux) -> None:
    """One turn more."""
    tmux.keys("clear", "Enter")
    tmux.keys(shlex.join([*COMMAND, "chat", "--resume"]), "Enter")
    tmux.until("after 2 turn(s)")
    tmux.prompted()
    tmux("resize-window", "-x", "120", "-y", "40")
    tmux.keys("Add a hat", "Enter")
    tmux.until("add-a-hat.png")
    tmux.prompted()
    tmux.keys("/exit", "Enter")
    tmux.until("imagewire chat --resume")


def test_a_session_costs_the_pictures_it_asked_for(tmp_path: Path, target: str, emulator: Program) -> None:
    needs("tmux")
    (tmp_path / "work").mkdir()
    paid = len(ledger(emulator.address))
    environment = environ(target, XDG_STATE_HOME=str(tmp_path / "state"), TERM="xterm-256color", PS1="$ ")
    for name in ("COLUMNS", "LINES", "TMUX"):
        environment.pop(name, None)
    tmux = Tmux(tmp_path, environment)
    try:
        start_a_chat(tmux)
        resume_it(tmux)
    finally:
        tmux("kill-server")
    calls = ledger(emulator.address)[paid:]
    assert left(tmp_path / "work") == ["a-cat-that-sits-on-a-mat.png", "add-a-hat.png", "make-it-blue.png"]
    assert [call["outcome"] for call in calls] == ["ok"] * 3
    said = calls[-1]["body"]["contents"]
    assert [message["parts"][-1].get("text") for message in said[::2]] == [
        "A cat\nthat sits\non a mat",
        "Make it\nblue",
        "Add a hat",
    ]
    pictures = [part for message in said[1::2] for part in message["parts"] if "inlineData" in part]
    assert len(pictures) == 2
    assert all("thoughtSignature" in part for part in pictures), "the signatures go on with the chat"
