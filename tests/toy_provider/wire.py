"""The toy's wire, sans-IO: one JSON object asks, lines of JSON answer. A picture is hex, a strip of it to a line."""

import json

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, Malformed
from imagewire_server.contract.events import Chunk, StreamEvent

PICTURE = "image/x-toy-strips"
_IMAGE = pb.PartKind.PART_KIND_IMAGE
_TEXT = pb.PartKind.PART_KIND_TEXT


def encode(spec: pb.Spec, native_id: str, palette: str, default_size: str) -> bytes:
    """A request, of what the toy's Capabilities let pass."""
    wish = [part.text or part.image.data.hex() for turn in spec.messages for part in turn.parts]
    wish += [turn.content or turn.image.data.hex() for turn in spec.messages if not turn.parts]
    shape = spec.image_config.aspect_ratio or "1:1"
    edge = spec.image_config.image_size or default_size
    return json.dumps({"easel": native_id, "wish": wish, "edge": edge, "shape": shape, "palette": palette}).encode()


class Reader:
    """Reads one answer. usage: the toy counts nothing."""

    usage: pb.Usage | None = None

    def __init__(self) -> None:
        self.finished = False
        self._line = b""
        self._part = 0
        self._size = 0

    def feed(self, data: bytes) -> list[StreamEvent]:
        """What more bytes of the answer tell."""
        *lines, self._line = (self._line + data).split(b"\n")
        return [event for line in lines for event in self._read(line)]

    def close(self) -> None:
        """The answer is over."""
        if not self.finished:
            raise Cut("the toy's answer broke off; it may have been charged")

    def _read(self, line: bytes) -> list[StreamEvent]:
        match json.loads(line):
            case {"say": str(text)}:
                return [*self._begin(_TEXT), self._text(text), *self._end(pb.PartFinished())]
            case {"strip": str(strip), "last": bool(last)}:
                begun = self._begin(_IMAGE) if self._size == 0 else []
                chunk = self._chunk(bytes.fromhex(strip))
                image = pb.Image(mime_type=PICTURE, size_bytes=self._size)
                return [*begun, chunk, *(self._end(pb.PartFinished(image=image)) if last else [])]
            case {"done": str(why)}:
                self.finished = True
                stop = pb.FinishReason.FINISH_REASON_STOP
                candidate = pb.CandidateFinished(finish_reason=stop, native_finish_reason=why)
                return [pb.Event(candidate_finished=candidate), pb.Event(finished=pb.Finished())]
        raise Malformed("the toy sent a line that it does not have")

    def _begin(self, kind: pb.PartKind) -> list[StreamEvent]:
        mime_type = PICTURE if kind == _IMAGE else ""
        started = pb.PartStarted(part_index=self._part, kind=kind, mime_type=mime_type)
        return [pb.Event(part_started=started)]

    def _text(self, text: str) -> pb.Event:
        return pb.Event(text_delta=pb.TextDelta(part_index=self._part, text=text))

    def _chunk(self, data: bytes) -> Chunk:
        chunk = Chunk("image_chunk", 0, self._part, self._size, data)
        self._size += len(data)
        return chunk

    def _end(self, finished: pb.PartFinished) -> list[StreamEvent]:
        finished.part_index = self._part
        self._part, self._size = self._part + 1, 0
        return [pb.Event(part_finished=finished)]
