"""Writes a call's frames to files. A file gets its name only when all of it has come and is verified."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from imagewire import Answer, Chunk, Image, Media
from imagewire.files import PartFile, beside
from imagewire.final_image import final_image


@dataclass(slots=True)
class Drawing:
    """The files of one call: `take` each chunk, then `save`. What is not saved is removed by `drop`.

    saved: the files of the pictures, the final one's first. media: what is no picture, each with its file, None where
    it is elsewhere.
    """

    folder: Path
    prompt: str
    begun: float = field(default_factory=time.monotonic)
    answer: Answer = field(default_factory=Answer)
    frames: int = 0
    bytes: int = 0
    first_frame: float | None = None
    seconds: float = 0.0
    saved: list[Path] = field(default_factory=list)
    media: list[tuple[Path | None, Media]] = field(default_factory=list)
    _parts: dict[int, PartFile] = field(default_factory=dict)
    _pictures: list[tuple[PartFile | None, Image]] = field(default_factory=list)
    _media: list[tuple[PartFile | None, Media]] = field(default_factory=list)

    def take(self, answer: Answer, chunk: Chunk) -> None:
        """Take the next chunk, and the answer so far. Raises OSError when the disk is full."""
        self.answer = answer
        self.seconds = time.monotonic() - self.begun
        if chunk.data:
            if chunk.part not in self._parts:
                self._parts[chunk.part] = PartFile(self.folder)
            self._parts[chunk.part].write(chunk.data)
            self.frames += 1
            self.bytes += len(chunk.data)
            if self.first_frame is None:
                self.first_frame = self.seconds
        if chunk.image is not None:
            self._pictures.append((self._whole(chunk.part), chunk.image))
        elif chunk.media is not None:
            self._media.append((self._whole(chunk.part), chunk.media))

    def _whole(self, part: int) -> PartFile | None:
        """The closed file of a part, None for one that the provider wrote to a bucket."""
        file = self._parts.pop(part, None)
        if file is not None:
            file.close()
        return file

    def final(self) -> tuple[PartFile | None, Image] | None:
        """The final picture and its file, None where there is none."""
        return final_image(self._pictures, lambda made: made[1].thought)

    @property
    def drafts(self) -> int:
        """How many pictures are drafts and not the final one."""
        return sum(image.thought for _, image in self._beside())

    @property
    def further(self) -> int:
        """How many files are neither drafts nor the final picture."""
        return sum(not image.thought for _, image in self._beside()) + len(self._media)

    def save(self, name: Callable[[str], Path]) -> None:
        """Give the final picture the name that `name` makes of its media type, the others free ones beside it.

        Raises OSError.
        """
        final = self.final()
        wanted = [*([final] if final else []), *(made for made in self._beside() if not made[1].thought)]
        for file, image in wanted:
            if file is not None:
                self.saved.append(self._keep(file, image.mime_type, name))
        for file, media in self._media:
            path = None if file is None else self._keep(file, media.mime_type, name)
            self.media.append((path, media))

    def _keep(self, file: PartFile, mime_type: str, name: Callable[[str], Path]) -> Path:
        first = next((path for path in (*self.saved, *(path for path, _ in self.media)) if path is not None), None)
        path = name(mime_type) if first is None else beside(first, mime_type)
        file.keep(path)
        return path

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
