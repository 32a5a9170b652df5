"""Reads what a user types into a chat, with prompt_toolkit: several lines, pasted text, and earlier input."""

import contextlib
import os
import select
import sys
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import create_output

from imagewire.cli.state_files import private_folder, state_folder

_LARGEST = 1_000_000


class _Kept(FileHistory):
    """A history whose file may not be writable, or may contain anything."""

    def load_history_strings(self) -> Iterable[str]:
        with contextlib.suppress(OSError):
            return list(super().load_history_strings())
        return []

    def store_string(self, string: str) -> None:
        with contextlib.suppress(OSError, UnicodeError):
            super().store_string(string)


class LinePrompt:
    """A prompt in the terminal."""

    def __init__(self, *, on_stderr: bool) -> None:
        """Prepare the terminal. on_stderr: stdout is for results."""
        # The question for the cursor's position is not needed here, and some terminals never answer it.
        os.environ.setdefault("PROMPT_TOOLKIT_NO_CPR", "1")
        self._session: PromptSession[str] = PromptSession(
            message="> ",
            multiline=True,
            prompt_continuation="  ",
            key_bindings=_bindings(),
            history=_history(),
            output=create_output(sys.stderr if on_stderr else sys.stdout),
        )

    def read(self) -> str | None:
        """What was typed. None at the end: Ctrl-D, or Ctrl-C on an empty line. Ctrl-C clears what was typed."""
        while True:
            try:
                return self._session.prompt()
            except EOFError:
                return None
            except KeyboardInterrupt as interrupt:
                if type(interrupt) is not KeyboardInterrupt:
                    raise
                if not self._session.default_buffer.text:
                    return None


def _bindings() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("enter", filter=has_focus(DEFAULT_BUFFER))
    def _(event: KeyPressEvent) -> None:
        # Text behind Enter that is there at once is pasted, by a terminal that does not mark what is pasted. Each line
        # of it would be a picture that costs money.
        if event.key_processor.input_queue or _more(event.app.input):
            event.current_buffer.insert_text("\n")
        else:
            event.current_buffer.validate_and_handle()

    @bindings.add("escape", "enter", filter=has_focus(DEFAULT_BUFFER))
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return bindings


def _more(typed: Input) -> bool:
    """Whether more input can be read now."""
    if sys.platform == "win32":
        return False
    return bool(select.select([typed.fileno()], [], [], 0)[0])


def _history() -> History:
    """Earlier input, in a file that only its owner can read; else only that of this chat."""
    folder = state_folder()
    if folder is None:
        return InMemoryHistory()
    path = folder / "history"
    try:
        private_folder(folder)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        _shorten(path)
    except OSError:
        return InMemoryHistory()
    return _Kept(path)


def _shorten(path: Path) -> None:
    """Remove the older half of a large history."""
    if path.stat().st_size > _LARGEST:
        kept = path.read_bytes()[-_LARGEST // 2 :]
        path.write_bytes(kept[kept.find(b"\n# ") + 1 :])
