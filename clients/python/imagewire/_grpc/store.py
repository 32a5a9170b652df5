"""What a client knows of its server's store, and the large pictures of a request that are named in place of sent."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from imagewire.errors import CorruptAnswer, InvalidRequest
from imagewire.v1.image_pb2 import Image
from imagewire.v1.image_service_pb2 import ImageData, UploadImageRequest, UploadImageResponse
from imagewire.v1.spec_pb2 import Spec

# Below this, a picture is sent with the request: to ask whether the server has it would take longer.
LARGE = 256 * 1024
# Asked for where a connection did not last for one frame of the usual size.
SMALL_FRAME = 16 * 1024
_PIECE = 256 * 1024


@dataclass(slots=True)
class KnownStore:
    """off: whether the server said that it keeps nothing."""

    off: bool = False


@dataclass(slots=True)
class NamedPicture:
    """A picture that a request names by its sha256. places: where it stands in the request.

    missing: whether the server said that it lacks it. uploaded: whether it went up since.
    """

    sha256: bytes
    mime_type: str
    data: bytes
    places: list[Image] = field(default_factory=list)
    missing: bool = False
    uploaded: bool = False

    def put_back(self) -> None:
        """Send its bytes with the request nevertheless."""
        for image in self.places:
            image.data = self.data

    def upload(self) -> Iterator[UploadImageRequest]:
        """The messages that upload it."""
        return upload_messages(self.data, self.mime_type, self.sha256)


def upload_messages(data: bytes, mime_type: str, sha256: bytes) -> Iterator[UploadImageRequest]:
    """The messages that upload a picture."""
    yield UploadImageRequest(image=Image(mime_type=mime_type, size_bytes=len(data), sha256=sha256))
    for at in range(0, len(data), _PIECE):
        yield UploadImageRequest(chunk=ImageData(offset=at, data=data[at : at + _PIECE]))


def stored_image(answer: UploadImageResponse, data: bytes, sha256: bytes) -> Image:
    """What the server says of a picture that was uploaded. Raises CorruptAnswer if it is another one, or has no id."""
    image = answer.image
    if not image.image_id:
        raise CorruptAnswer("the server gave the uploaded picture no image_id")
    if (image.size_bytes, image.sha256) != (len(data), sha256):
        raise CorruptAnswer("the server stored another picture than the one that was sent: its size or sha256 differs")
    return image


def is_cut_upload(error: InvalidRequest) -> bool:
    """Whether a server has nothing to say of an upload but that bytes are missing."""
    return [each.field for each in error.violations] == ["image.size_bytes"] and "have arrived" in str(error)


def name_large(spec: Spec) -> dict[bytes, NamedPicture]:
    """Take the bytes of large pictures out of a spec, which then names them by their sha256."""
    named: dict[bytes, NamedPicture] = {}
    for image in _images(spec):
        if image.WhichOneof("source") != "data" or not image.mime_type:
            continue
        data = image.data
        if len(data) <= LARGE:
            continue
        sha256 = hashlib.sha256(data).digest()
        if image.sha256 and image.sha256 != sha256:
            continue  # the server tells what is wrong
        picture = named.setdefault(sha256, NamedPicture(sha256, image.mime_type, data))
        picture.places.append(image)
        image.ClearField("data")
        image.sha256 = sha256
    return named


def _images(spec: Spec) -> Iterable[Image]:
    for message in spec.messages:
        if message.HasField("image"):
            yield message.image
        for part in message.parts:
            if part.HasField("image"):
                yield part.image
            elif part.HasField("function_response"):
                yield from part.function_response.images
