"""What is kept of a request, so that its chat can go on: its messages, with pictures by their sha256."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from imagewire_server.contract import image_header, message_rules, pb

_SMALL = 1024  # bytes of a picture that stays in its message
# Bytes of all else. A chat whose request has more cannot be continued by its id.
_MOST = 1024 * 1024
_OURS = (pb.ChatMessage, pb.Part, pb.FunctionResponse, pb.Image)


@dataclass(frozen=True, slots=True)
class InputImage:
    """A picture of a request. width, height: 0 where the header does not tell them."""

    sha256: bytes
    data: bytes
    mime_type: str
    width: int
    height: int


class KeptRequest:
    """A request on its way into a store. request: as it is kept; None until all of its pictures are taken out, and
    where it is too large. most: bytes of its pictures, None for all.
    """

    def __init__(self, spec: pb.Spec, most: int | None = None) -> None:
        self._spec, self._most = spec, most
        self.request: pb.Spec | None = None

    def pictures(self) -> Iterator[InputImage]:
        """Take each large picture out. They are copied one at a time: together they may be all that memory allows."""
        spec = self._spec
        if self._most is not None and sum(map(_size_of, spec.messages)) > self._most:
            return
        kept = pb.Spec(model=spec.model, previous_completion_id=spec.previous_completion_id)
        for message in spec.messages:
            # What is too large is not even copied.
            if any(_is_large(part) for part in _all_but_pictures(message)):
                return
            yield from _copy(message, kept.messages.add())
            if kept.ByteSize() > _MOST:
                return
        self.request = kept


def kept_request(spec: pb.Spec, take: Callable[[InputImage], None], most: int | None = None) -> pb.Spec | None:
    """The request as it is kept, None where it is too large. take: called with each picture that is taken out of it.

    most: see KeptRequest.
    """
    kept = KeptRequest(spec, most)
    for image in kept.pictures():
        take(image)
    return kept.request


def _size_of(message: pb.ChatMessage) -> int:
    """The bytes of its pictures. Each is copied for it; the whole message would be copied at once, and twice."""
    return sum(len(image.data) for _, image in message_rules.images(message, ""))


def _all_but_pictures(message: pb.ChatMessage) -> Iterator[pb.ChatMessage | pb.Part | pb.Image]:
    """The parts of a message that have no bytes of pictures; a data URI is a text."""
    if not message.parts and not message.HasField("image"):
        yield message
    images = [message.image] if message.HasField("image") else []
    for part in message.parts:
        if part.HasField("image"):
            images.append(part.image)
        elif not part.function_response.images:
            yield part
    yield from (image for image in images if image.WhichOneof("source") == "uri")


def _is_large(part: pb.ChatMessage | pb.Part | pb.Image) -> bool:
    text = part.content if isinstance(part, pb.ChatMessage) else part.text if isinstance(part, pb.Part) else part.uri
    # A message finds out its size by being written, which takes more than twice as much memory as its text.
    return len(text) > _MOST or part.ByteSize() > _MOST


def _copy(source: Any, target: Any) -> Iterator[InputImage]:
    """Copy a message. Yields the large pictures, which are left out."""
    if isinstance(source, pb.Image):
        yield from _copy_image(source, target)
        return
    for field, value in source.ListFields():
        copied = getattr(target, field.name)
        if not isinstance(value, _OURS) and not (field.is_repeated and field.message_type):
            if field.message_type is None and not field.is_repeated:
                setattr(target, field.name, value)
            else:
                copied.MergeFrom(value)
        elif not field.is_repeated:
            copied.SetInParent()
            yield from _copy(value, copied)
        elif field.message_type.GetOptions().map_entry:
            copied.MergeFrom(value)
        else:
            for one in value:
                yield from _copy(one, copied.add())


def _copy_image(source: pb.Image, target: pb.Image) -> Iterator[InputImage]:
    data = _data(source)
    if data is None:
        target.CopyFrom(source)
        return
    header = image_header.read(data[: image_header.ENOUGH])
    sha256 = source.sha256 or hashlib.sha256(data).digest()
    width, height = (header.width or 0, header.height or 0) if header else (0, 0)
    mime_type = source.mime_type or (header.mime_type if header else "")
    target.sha256, target.mime_type, target.detail = sha256, source.mime_type, source.detail
    target.display_name = source.display_name
    yield InputImage(sha256, data, mime_type, width, height)


def _data(image: pb.Image) -> bytes | None:
    """The bytes of a large picture, None where it stays in its message."""
    if image.WhichOneof("source") != "data":
        return None
    data = image.data
    return data if len(data) > _SMALL else None
