"""One drawing: the stream into files, what was learned of it into a summary."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from google.protobuf.json_format import MessageToDict

from imagewire import _files
from imagewire._files import PartFile
from imagewire.v1.chat_service_pb2 import (
    CandidateFinished,
    Finished,
    FinishReason,
    ImageChunk,
    PartFinished,
    StreamCompletionResponse,
)
from imagewire.v1.image_pb2 import Image

Key = tuple[int, int]


@dataclass(slots=True)
class Drawing:
    """What a stream has brought so far: `take` each event, then `save`. What was not saved goes in the end."""

    folder: Path
    begun: float = field(default_factory=time.monotonic)
    text: str = ""
    frames: int = 0
    bytes: int = 0
    first_frame: float | None = None
    completion_id: str = ""
    model: str = ""
    end: CandidateFinished | None = None
    finished: Finished | None = None
    _texts: dict[Key, list[str]] = field(default_factory=dict)
    _parts: dict[Key, PartFile] = field(default_factory=dict)
    _pictures: list[tuple[PartFile, Image, bool]] = field(default_factory=list)

    def take(self, event: StreamCompletionResponse) -> None:
        """Add an event, one that the client has verified. Raises OSError when the disk is full."""
        match event.WhichOneof("event"):
            case "started":
                self.completion_id, self.model = event.started.completion_id, event.started.model
            case "text_delta":
                delta = event.text_delta
                self._texts.setdefault((delta.candidate_index, delta.part_index), []).append(delta.text)
            case "image_chunk":
                self._take_chunk(event.image_chunk)
            case "part_finished":
                self._take_part(event.part_finished)
            case "candidate_finished":
                self.end = event.candidate_finished
            case "finished":
                self.finished = event.finished

    def _take_chunk(self, chunk: ImageChunk) -> None:
        key = chunk.candidate_index, chunk.part_index
        if key not in self._parts:
            self._parts[key] = PartFile(self.folder)
        self._parts[key].write(chunk.data)
        self.frames += 1
        self.bytes += len(chunk.data)
        if self.first_frame is None:
            self.first_frame = time.monotonic() - self.begun

    def _take_part(self, part: PartFinished) -> None:
        key = part.candidate_index, part.part_index
        # Only now is it sure whether a part is a thought.
        words = "".join(self._texts.pop(key, ()))
        if not part.thought:
            self.text += words
        if part.HasField("image"):
            self._parts[key].close()
            self._pictures.append((self._parts.pop(key), part.image, part.thought))

    def final(self) -> tuple[PartFile, Image] | None:
        """The picture that counts: the last that is no draft, else the last. None where there is none."""
        if not self._pictures:
            return None
        file, image, _ = next((p for p in reversed(self._pictures) if not p[2]), self._pictures[-1])
        return file, image

    @property
    def drafts(self) -> int:
        """How many pictures are drafts and not the final one."""
        return sum(thought for _, _, thought in self._beside())

    @property
    def further(self) -> int:
        """How many pictures are neither drafts nor the final one."""
        return sum(not thought for _, _, thought in self._beside())

    def save(self, name: Callable[[str], Path]) -> list[Path]:
        """Give the final picture the name that `name` makes of its media type, the others free ones beside it.

        Returns the names, the final picture's first. Raises OSError.
        """
        final = self.final()
        if final is None:
            return []
        saved = [name(final[1].mime_type)]
        final[0].keep(saved[0])
        for file, image, thought in self._beside():
            if not thought:
                path = _files.beside(saved[0], image.mime_type)
                file.keep(path)
                saved.append(path)
        return saved

    def _beside(self) -> list[tuple[PartFile, Image, bool]]:
        final = self.final()
        return [picture for picture in self._pictures if final and picture[0] is not final[0]]

    def __enter__(self) -> "Drawing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (*self._parts.values(), *(file for file, _, _ in self._pictures)):
            file.drop()

    @property
    def native_reason(self) -> str:
        """The provider's word for why it ended, "" where there is none."""
        blocked = self.finished.prompt_feedback.block_reason if self.finished else ""
        return blocked or (self.end.native_finish_reason if self.end else "")

    def why_nothing(self) -> str:
        """Why there is no picture, in words."""
        if self.finished is not None and self.finished.HasField("prompt_feedback"):
            feedback = self.finished.prompt_feedback
            reason = f"the prompt was blocked ({feedback.block_reason})"
            return _joined(reason, feedback.block_reason_message, "change the prompt and try again")
        if self.end is None or self.end.native_finish_reason == "STOP":
            return _joined("the model answered without a picture", self.text, "ask for a picture more plainly")
        reason = f"no picture was drawn ({self.end.native_finish_reason})"
        return _joined(reason, self.end.finish_message, "change the prompt and try again")

    def summary(self, files: Iterable[Path]) -> dict[str, Any]:
        """What `--json` prints. Sizes in bytes, times in seconds."""
        paths = [str(path) for path in files]
        final = self.final()
        image = final[1] if final else Image()
        finished = self.finished or Finished()
        end = self.end or CandidateFinished()
        return {
            "file": paths[0] if paths else None,
            "files": paths,
            "text": self.text,
            "mime_type": image.mime_type,
            "width": image.width,
            "height": image.height,
            "size_bytes": image.size_bytes,
            "sha256": image.sha256.hex(),
            "model": self.model,
            "model_version": finished.model_version,
            "completion_id": self.completion_id,
            "finish_reason": FinishReason.Name(end.finish_reason),
            "native_finish_reason": end.native_finish_reason,
            "frames": self.frames,
            "first_frame_seconds": None if self.first_frame is None else round(self.first_frame, 3),
            "seconds": round(time.monotonic() - self.begun, 3),
            "usage": _usage(finished),
        }


def _joined(*sentences: str) -> str:
    return ": ".join(sentence.strip().rstrip(".") for sentence in sentences if sentence)


def _usage(finished: Finished) -> dict[str, Any]:
    """Token counts as JSON numbers; protobuf's own mapping would make them strings."""
    raw: dict[str, Any] = MessageToDict(finished.usage, preserving_proto_field_name=True)
    return {key: int(value) if isinstance(value, str) and value.isdecimal() else value for key, value in raw.items()}
