"""Writes a call's frames to files. A file gets its name only when all of it has come and is verified."""

import errno
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from imagewire import Answer, Chunk, Image, Media
from imagewire.cli import rescue
from imagewire.files import PartFile, beside, named_after
from imagewire.final_image import final_image


@dataclass(slots=True)
class Drawing:
    """The files of one call: `take` each chunk, then `save`. What is not saved is removed by `drop`.

    saved: the files of the pictures, the final one's first. media: what is no picture, each with its file, None where
    it is elsewhere. temporary: the folder goes away. call: see PartFile. notes: what the user must know about the
    files, such as that one is in another folder.
    """

    folder: Path
    prompt: str
    temporary: bool = False
    call: str = ""
    asked: Path = field(init=False)
    begun: float = field(default_factory=time.monotonic)
    answer: Answer = field(default_factory=Answer)
    frames: int = 0
    received: int = 0
    first_frame: float | None = None
    seconds: float = 0.0
    saved: list[Path] = field(default_factory=list)
    media: list[tuple[Path | None, Media]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _parts: dict[int, PartFile] = field(default_factory=dict)
    _pictures: list[tuple[PartFile | None, Image]] = field(default_factory=list)
    _media: list[tuple[PartFile | None, Media]] = field(default_factory=list)
    _moved: OSError | None = None

    def __post_init__(self) -> None:
        self.asked = self.folder

    def take(self, answer: Answer, chunk: Chunk) -> None:
        """Take the next chunk, and the answer so far. Raises OSError when the disk is full."""
        self.answer = answer
        self.seconds = time.monotonic() - self.begun
        if chunk.data:
            self._write(chunk.part, chunk.data)
            self.frames += 1
            self.received += len(chunk.data)
            if self.first_frame is None:
                self.first_frame = self.seconds
        if chunk.image is not None:
            self._pictures.append((self._whole(chunk.part), chunk.image))
        elif chunk.media is not None:
            self._media.append((self._whole(chunk.part), chunk.media))

    def _write(self, part: int, data: bytes) -> None:
        """Append to a part's file, in another folder when its own takes no more."""
        try:
            if part not in self._parts:
                self._parts[part] = PartFile(self.folder, self.call)
        except OSError as error:
            self._parts[part] = self._elsewhere(error)
        try:
            self._parts[part].write(data)
        except OSError as error:
            self._move(part, error, data)

    def _elsewhere(self, error: OSError) -> PartFile:
        """A new file in another folder. Raises `error` if there is none."""
        for folder in rescue.elsewhere(self.folder):
            try:
                file = PartFile(folder, self.call)
            except OSError:
                continue
            self._moved_to(folder, error)
            return file
        raise error

    def _move(self, part: int, error: OSError, more: bytes = b"") -> None:
        folder, file = rescue.moved(self._parts[part], rescue.elsewhere(self.folder), more, error)
        self._parts[part] = file
        self._moved_to(folder, error)

    def _moved_to(self, folder: Path, error: OSError) -> None:
        self._moved = self._moved or error
        self.folder = folder

    def _whole(self, part: int) -> PartFile | None:
        """The file of a part, None for one that the provider wrote to a bucket.

        It stays open until it gets its name, so that its bytes are not lost if its folder is removed.
        """
        if part not in self._parts:
            return None
        return self._parts.pop(part)

    def final(self) -> tuple[PartFile | None, Image] | None:
        """The final picture and its file, None where there is none."""
        return final_image(self._pictures, lambda made: made[1].thought)

    @property
    def files(self) -> list[Path]:
        """What is saved, in order."""
        return [path for path in (*self.saved, *(path for path, _ in self.media)) if path is not None]

    @property
    def drafts(self) -> int:
        """How many pictures are drafts and not the final one."""
        return sum(image.thought for _, image in self._beside())

    @property
    def further(self) -> int:
        """How many files are neither drafts nor the final picture."""
        return sum(not image.thought for _, image in self._beside()) + len(self._media)

    def save(self, name: Callable[[str], Path], *, whole: bool = True) -> None:
        """Give the final picture the name that `name` makes of its media type, the others free ones beside it.

        whole: the answer is, so that a draft may be the only picture.

        A name or a folder that cannot be used any more is replaced by another, which `notes` tells. Raises OSError.
        """
        final = self.final()
        if final is not None and final[1].thought and not whole:
            final = None
        wanted = [*([final] if final else []), *(made for made in self._beside() if not made[1].thought)]
        for file, image in wanted:
            if file is not None:
                self.saved.append(self._keep(file, image.mime_type, name))
        for file, media in self._media:
            path = None if file is None else self._keep(file, media.mime_type, name)
            self.media.append((path, media))

    def _keep(self, file: PartFile, mime_type: str, name: Callable[[str], Path]) -> Path:
        first = next(iter(self.files), None)
        moved = self._moved if first is None else None
        reserved: list[Path] = []
        try:
            if not file.is_there():
                raise FileNotFoundError(errno.ENOENT, "the folder was removed meanwhile", str(self.asked))
            if moved is not None:
                reserved.append(named_after(self.prompt, mime_type, self.folder))
            else:
                reserved.append(name(mime_type) if first is None else beside(first, mime_type))
            file.close()
            file.keep(reserved[0])
        except OSError as error:
            for empty in reserved:
                if empty.is_file() and not empty.stat().st_size:
                    empty.unlink()
            own = [] if self.temporary else [self.folder]
            return self._rescued(file, mime_type, itertools.chain(own, rescue.elsewhere(self.folder)), error)
        if moved is not None:
            self.notes.append(rescue.told(self.asked, moved, reserved[0]))
        return reserved[0]

    def _rescued(self, file: PartFile, mime_type: str, folders: Iterator[Path], error: OSError) -> Path:
        folder, other = rescue.moved(file, folders, b"", error)
        other.close()
        path = named_after(self.prompt, mime_type, folder)
        other.keep(path)
        self.notes.append(rescue.told(Path(error.filename or self.asked), error, path))
        return path

    def keep_for(self, error: OSError) -> None:
        """Save the final picture in another folder, since stdout did not take it. `notes` tells where."""
        file, image = self.final() or (None, None)
        if file is not None and image is not None:
            self.saved.append(self._rescued(file, image.mime_type, rescue.elsewhere(self.folder), error))

    def _beside(self) -> list[tuple[PartFile | None, Image]]:
        final = self.final()
        return [made for made in self._pictures if made is not final]

    def timing(self) -> dict[str, Any]:
        """The number of frames, and times in seconds, for --json."""
        first = None if self.first_frame is None else round(self.first_frame, 3)
        return {"frames": self.frames, "first_frame_seconds": first, "seconds": round(self.seconds, 3)}

    def drop(self) -> None:
        """Remove what was not saved."""
        for file in (*self._parts.values(), *(file for file, _ in (*self._pictures, *self._media))):
            if file is not None:
                file.drop()

    def __enter__(self) -> "Drawing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()
