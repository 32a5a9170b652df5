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

from imagewire.cli import rescue
from imagewire.cli.output import note
from imagewire.cli.state_files import private_folder, state_folder
from imagewire.files import HIDDEN

try:
    import fcntl
except ImportError:  # only Unix has it
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import imagewire

_KEPT = 1000


@dataclass(slots=True)
class Unfinished:
    """A call that was begun. path: None where it could not be noted. earlier: whether by an earlier command."""

    request_id: str
    path: Path | None
    earlier: bool = False
    _held: int | None = None  # a descriptor

    def hold(self) -> None:
        """Let others see that this command works on it, as long as it runs; unless another one does."""
        if self.path is None or fcntl is None:
            return
        with contextlib.suppress(OSError):
            descriptor = os.open(self.path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
            else:
                self._held = descriptor

    def release(self) -> None:
        """This command works on it no longer."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def clear(self) -> None:
        """Remove what an earlier command that was killed has written of it. The files of one that still runs stay."""
        if not self.earlier:
            return
        self.hold()
        if self._held is None or self.path is None:
            return
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            fields = json.loads(self.path.read_bytes())
            folder = Path(fields["folder"])
            for each in (folder, *rescue.elsewhere(folder)):
                for left in each.glob(f"{HIDDEN}{self.request_id}-*"):
                    left.unlink(missing_ok=True)
            if fields["temporary"]:
                folder.rmdir()

    def done(self) -> None:
        """There is nothing to resume any more."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        self.release()


@dataclass(frozen=True, slots=True)
class Line:
    """What one command line asks for, beside its prompts. Two of the same `Line` and prompt are the same call."""

    model: str
    target: str | None
    options: "imagewire.Options"
    pictures: "list[imagewire.Image]"

    def begin(self, prompt: str, folder: Path, *, temporary: bool = False) -> Unfinished:
        """Note a call that is about to be sent. If that is impossible, say so; the call goes on.

        folder: where its unfinished files are. temporary: the folder goes away with the command.
        """
        request_id = str(uuid.uuid4())
        fields = {
            "imagewire_draw": 1,
            "call": self._call(prompt),
            "prompt": prompt,
            "model": self.model,
            "folder": _absolute(folder),
            "temporary": temporary,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            begun = Unfinished(request_id, _written(f"{request_id}.json", fields))
        except OSError as error:
            note(f"--resume cannot finish this later: {error.filename}: {error.strerror}")
            return Unfinished(request_id, None)
        begun.hold()
        return begun

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


def _absolute(folder: Path) -> str:
    """The folder for another command; as it is where the working directory is gone."""
    try:
        return str(folder.absolute())
    except OSError:
        return str(folder)


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
        with contextlib.suppress(OSError, ValueError, RecursionError):
            fields = json.loads(path.read_bytes())
            if isinstance(fields, dict):
                yield path, fields
