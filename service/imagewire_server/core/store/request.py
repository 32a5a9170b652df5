"""What is kept of a request, so that its chat can go on: its messages, with pictures by their sha256."""

import hashlib
from dataclasses import dataclass

from imagewire_server.contract import image_header, pb

_SMALL = 1024  # bytes of a picture that stays in its message


@dataclass(frozen=True, slots=True)
class InputImage:
    """A picture of a request. width, height: 0 where the header does not tell them."""

    sha256: bytes
    data: bytes
    mime_type: str
    width: int
    height: int


def kept_request(spec: pb.Spec) -> tuple[pb.Spec, list[InputImage]]:
    """The request as it is kept, and the pictures that are taken out of it."""
    kept = pb.Spec(model=spec.model, previous_completion_id=spec.previous_completion_id)
    taken: dict[bytes, InputImage] = {}
    for message in spec.messages:
        copy = kept.messages.add()
        copy.CopyFrom(message)
        images = [copy.image] if copy.HasField("image") else []
        for part in copy.parts:
            images += [part.image] if part.HasField("image") else part.function_response.images
        for image in images:
            _take_out(image, taken)
    return kept, list(taken.values())


def _take_out(image: pb.Image, taken: dict[bytes, InputImage]) -> None:
    if image.WhichOneof("source") != "data":
        return
    data = image.data
    if len(data) <= _SMALL:
        return
    sha256 = image.sha256 or hashlib.sha256(data).digest()
    if sha256 not in taken:
        header = image_header.read(data[: image_header.ENOUGH])
        width, height = (header.width or 0, header.height or 0) if header else (0, 0)
        taken[sha256] = InputImage(sha256, data, image.mime_type or (header.mime_type if header else ""), width, height)
    image.ClearField("data")
    image.sha256 = sha256
