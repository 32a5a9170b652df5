"""One drawing: a call's frames into files, each of which takes its name only when all has come and is verified."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from imagewire import Answer, Chunk, Image, _files
from imagewire._files import PartFile


@dataclass(slots=True)
class Drawing:
    """What a call has brought so far: `take` each chunk, then `save`. What was not saved goes in the end."""

    folder: Path
    prompt: str
    begun: float = field(default_factory=time.monotonic)
    answer: Answer = field(default_factory=Answer)
    frames: int = 0
    bytes: int = 0
    first_frame: float | None = None
    seconds: float = 0.0
    saved: list[Path] = field(default_factory=list)
    _parts: dict[int, PartFile] = field(default_factory=dict)
    _pictures: list[tuple[PartFile, Image]] = field(default_factory=list)

    def take(self, answer: Answer, chunk: Chunk) -> None:
        """Take what came next, and the answer so far. Raises OSError when the disk is full."""
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
            self._parts[chunk.part].close()
            self._pictures.append((self._parts.pop(chunk.part), chunk.image))

    def final(self) -> tuple[PartFile, Image] | None:
        """The picture that counts: the last that is no draft, else the last. None where there is none."""
        if not self._pictures:
            return None
        return next((made for made in reversed(self._pictures) if not made[1].thought), self._pictures[-1])

    @property
    def drafts(self) -> int:
        """How many pictures are drafts and not the final one."""
        return sum(image.thought for _, image in self._beside())

    @property
    def further(self) -> int:
        """How many pictures are neither drafts nor the final one."""
        return sum(not image.thought for _, image in self._beside())

    def save(self, name: Callable[[str], Path]) -> None:
        """Give the final picture the name that `name` makes of its media type, the others free ones beside it.

        `saved` has the names then, the final picture's first. Raises OSError.
        """
        final = self.final()
        if final is None:
            return
        goal = name(final[1].mime_type)
        final[0].keep(goal)
        self.saved.append(goal)
        for file, image in self._beside():
            if not image.thought:
                path = _files.beside(goal, image.mime_type)
                file.keep(path)
                self.saved.append(path)

    def _beside(self) -> list[tuple[PartFile, Image]]:
        final = self.final()
        return [made for made in self._pictures if final and made[0] is not final[0]]

    def timing(self) -> dict[str, Any]:
        """How it came, in seconds."""
        first = None if self.first_frame is None else round(self.first_frame, 3)
        return {"frames": self.frames, "first_frame_seconds": first, "seconds": round(self.seconds, 3)}

    def drop(self) -> None:
        """Remove what was not saved."""
        for file in (*self._parts.values(), *(file for file, _ in self._pictures)):
            file.drop()

    def __enter__(self) -> "Drawing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()
