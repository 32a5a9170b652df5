"""Saves a chat while it goes on, so that `chat --resume` continues it with the model's signatures.

A file of JSON lines. The first is {"imagewire_chat": 1, "model": …, "options": {…}}. Then one line for each turn:
{"turn": {"words": …, "messages": […], "files": […]}}; the messages are ChatMessage of the contract in protobuf's JSON.
{"undo": true} takes the turn before it back. Only the newest chats are kept.
"""

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from imagewire import Image
from imagewire.cli import chat_lines
from imagewire.cli.exits import invalid
from imagewire.cli.output import note
from imagewire.cli.state_files import named, private_folder, state_folder

if TYPE_CHECKING:
    from imagewire.v1.message_pb2 import ChatMessage

_VERSION = 1
_KEPT = 20


@dataclass(frozen=True, slots=True)
class SavedTurn:
    """A turn of an earlier chat."""

    words: str
    messages: "list[ChatMessage]"
    files: list[str]

    @property
    def image(self) -> Image | None:
        """The final picture of its answer."""
        from imagewire.final_image import final_image
        from imagewire.images import image_from_proto
        from imagewire.v1.message_pb2 import Role

        said = (message for message in self.messages if message.role == Role.ROLE_ASSISTANT)
        drawn = [part for message in said for part in message.parts if part.HasField("image")]
        final = final_image(drawn, lambda part: part.thought)
        return None if final is None else image_from_proto(final.image, thought=final.thought)


@dataclass(slots=True)
class SavedChat:
    """A chat's file. path: None until the first turn is saved."""

    model: str
    options: dict[str, Any]
    turns: list[SavedTurn] = field(default_factory=list)
    path: Path | None = None
    _off: bool = False
    _held: IO[bytes] | None = None

    def close(self) -> None:
        """Let others go on with this chat."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def add(self, words: str, messages: "Sequence[ChatMessage]", files: Sequence[Path]) -> None:
        """Save a turn. If that is impossible, say so once; the chat goes on."""
        from google.protobuf.json_format import MessageToDict

        told = [MessageToDict(message, preserving_proto_field_name=True) for message in messages]
        self._append({"turn": {"words": words, "messages": told, "files": [str(file.resolve()) for file in files]}})

    def undo(self) -> None:
        """Take the last turn back."""
        self._append({"undo": True})

    def _append(self, line: dict[str, Any]) -> None:
        if self._off:
            return
        try:
            if self.path is None:
                self.path = _made({"imagewire_chat": _VERSION, "model": self.model, "options": self.options})
                self._held = _held(self.path)
            with self.path.open("ab") as file:
                file.write(json.dumps(line).encode() + b"\n")
        except OSError as error:
            self._off = True
            note(f"this chat cannot be resumed later: {error.filename or self.path}: {error.strerror}")


def _made(head: dict[str, Any]) -> Path:
    """Make the file of a new chat, and remove the oldest ones. Raises OSError."""
    state = state_folder()
    if state is None:
        raise FileNotFoundError(2, "there is no home folder; set XDG_STATE_HOME", "chats")
    folder = private_folder(private_folder(state) / "chats")
    for path in sorted(folder.glob("*.jsonl"))[: -_KEPT + 1]:
        with contextlib.suppress(OSError):
            path.unlink()
    # The names sort by age, also those of one second.
    path = folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.jsonl"
    with named(path), os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(json.dumps(head).encode() + b"\n")
    return path


def _held(path: Path) -> IO[bytes]:
    """The file, opened and locked until it is closed. Raises BlockingIOError where another has it, and OSError."""
    file = path.open("rb")
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    except (ImportError, OSError):  # there are no such locks here: one hopes for one user
        return file
    return file


def names() -> list[str]:
    """The names of the saved chats, the newest first."""
    state = state_folder()
    return [] if state is None else sorted((path.stem for path in (state / "chats").glob("*.jsonl")), reverse=True)


def load(wanted: str | None) -> SavedChat:
    """Read a saved chat, by its name or file; None for the newest. Raises InvalidRequest."""
    state, known = state_folder(), names()
    if wanted is None:
        if not known:
            raise invalid("--resume: there is no earlier chat; start one without --resume")
        wanted = known[0]
    path = state / "chats" / f"{wanted}.jsonl" if state is not None and wanted in known else Path(wanted)
    try:
        if path.exists() and not path.is_file():
            raise invalid(f"--resume {wanted}: {path} is no file")
        held = _held(path)
        data = path.read_bytes()
    except BlockingIOError:
        raise invalid(f"--resume {wanted}: another imagewire chat goes on with it now; leave that one first") from None
    except OSError as error:
        there = f"there are {', '.join(known[:5])}" if known else "there are none"
        raise invalid(f"--resume {wanted}: {error.strerror}; of saved chats {there}") from None
    # A line that a crash cut short is no turn. It is removed, so that the next one has a line of its own.
    whole = data[: data.rfind(b"\n") + 1]
    try:
        chat = _read(whole, path)
        if whole != data:
            note(f"the last turn of {path} was cut short, and is not part of the chat: {len(chat.turns)} turn(s) are")
            os.truncate(path, len(whole))
    except chat_lines.DamagedLine as error:
        held.close()
        remedy = "remove that line and those after it, or begin without --resume"
        raise invalid(f"--resume {wanted}: {path}, {error}: {remedy}") from None
    except chat_lines.WRONG:
        held.close()
        raise invalid(f"--resume {wanted}: {path} is no saved chat") from None
    chat._held = held
    return chat


def _read(data: bytes, path: Path) -> SavedChat:
    """Raises DamagedLine, and WRONG for what is no saved chat."""
    first, *lines = data.splitlines()
    head = json.loads(first)
    if head["imagewire_chat"] != _VERSION:
        raise ValueError
    options = {str(name): value for name, value in head["options"].items() if isinstance(value, str)}
    chat = SavedChat(str(head["model"]), options, path=path)
    for turn in chat_lines.turns(lines, first=2):
        if turn is None:
            del chat.turns[-1:]
        else:
            chat.turns.append(SavedTurn(*turn))
    return chat
