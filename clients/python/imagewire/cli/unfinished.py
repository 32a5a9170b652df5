"""What `draw` has begun and not yet saved, so that `draw --resume` finishes it, and pays nothing twice.

One small file for each call, named by its request_id: written before the call is sent, and removed when the picture is
saved.
"""

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagewire.cli.output import note
from imagewire.cli.state_files import private_folder, state_folder

if TYPE_CHECKING:
    import imagewire

_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A call that was begun. path: None where it could not be noted. earlier: whether by a command that has ended."""

    request_id: str
    path: Path | None
    earlier: bool = False

    def done(self) -> None:
        """There is nothing to resume any more."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Line:
    """What one command line asks for, beside its prompts. Two of the same `Line` and prompt are the same call."""

    model: str
    target: str | None
    options: "imagewire.Options"
    pictures: "list[imagewire.Image]"

    def begin(self, prompt: str) -> Unfinished:
        """Note a call that is about to be sent. If that is impossible, say so; the call goes on."""
        request_id = str(uuid.uuid4())
        fields = {
            "imagewire_draw": 1,
            "call": self._call(prompt),
            "prompt": prompt,
            "model": self.model,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            return Unfinished(request_id, _written(f"{request_id}.json", fields))
        except OSError as error:
            note(f"--resume cannot finish this later: {error.filename}: {error.strerror}")
            return Unfinished(request_id, None)

    def unfinished(self, prompt: str) -> list[Unfinished]:
        """The calls for this prompt that an earlier command did not finish, the oldest first."""
        call = self._call(prompt)
        return [Unfinished(path.stem, path, earlier=True) for path, fields in _all() if fields.get("call") == call]

    def _call(self, prompt: str) -> str:
        """A hash of all that the call sends."""
        pictures = [picture.sha256 or picture.uri for picture in self.pictures]
        options = {name: value for name, value in self.options.items() if value not in {None, ""}}
        told = json.dumps([prompt, self.model, self.target or "", options, pictures], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


def entries() -> list[dict[str, Any]]:
    """What is unfinished, as `history` tells it: request_id, prompt, model and time."""
    names = ("prompt", "model", "time")
    return [{"request_id": path.stem, **{name: str(fields.get(name, "")) for name in names}} for path, fields in _all()]


def _written(name: str, fields: dict[str, Any]) -> Path:
    """Write a file that is new; remove the oldest. Raises OSError."""
    state = state_folder()
    if state is None:
        raise FileNotFoundError(2, "there is no home folder; set XDG_STATE_HOME", "unfinished drawings")
    folder = private_folder(private_folder(state) / "unfinished")
    for path in _by_age(folder)[: -_KEPT + 1]:
        path.unlink(missing_ok=True)
    path = folder / name
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(json.dumps(fields).encode())
    return path


def _by_age(folder: Path) -> list[Path]:
    def age(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except OSError:  # another command has removed it
            return 0.0

    return sorted(folder.glob("*.json"), key=age)


def _all() -> Iterable[tuple[Path, dict[str, Any]]]:
    """All notes that can be read, the oldest first."""
    state = state_folder()
    for path in _by_age(state / "unfinished") if state is not None else ():
        with contextlib.suppress(OSError, ValueError):
            fields = json.loads(path.read_bytes())
            if isinstance(fields, dict):
                yield path, fields
