"""Checks of pictures: input pictures, and pictures of earlier answers, which are sent back unchanged."""

import hashlib
import re
from collections.abc import Iterator

from imagewire_server.contract import image_header, pb

MAX_PIXELS = 100_000_000
_LONGEST_SCHEME = 32
INPUT_TYPES = "PNG, JPEG, WebP, HEIC or HEIF"
# An answer may have it, but no provider takes it.
GIF = "image/gif"
NO_GIF = f"is a GIF, which no provider takes; send {INPUT_TYPES}"
# The media type in an answer if the provider did not send one.
UNTOLD_TYPE = "application/octet-stream"


def sent(message: pb.Image, *, of_result: bool = False) -> Iterator[tuple[str, str]]:
    """Check an input picture: an image file that matches its fields. of_result: it is in a function's result."""
    if message.display_name and not of_result:
        yield "display_name", "is only for pictures in a function's result; leave it out"
    if message.mime_type == UNTOLD_TYPE:
        yield "mime_type", 'must be a media type such as "image/png"; leave it out or correct it'
    match message.WhichOneof("source"):
        case None if not message.sha256:  # with it, a picture that is kept
            yield "", "has no source; set data, uri, image_id or sha256"
        case "uri":
            yield from _elsewhere(message)
            if message.uri[:5].lower() == "gs://" and not message.mime_type:
                yield "mime_type", 'is required beside a gs:// uri, for example "image/png"'
            if message.mime_type == GIF:
                yield "uri" if message.uri.lower().endswith(".gif") else "mime_type", NO_GIF
        case "data":
            yield from of_data(message, message.data, answered=False)


def answered(message: pb.Image) -> Iterator[tuple[str, str]]:
    """Check a picture of an assistant message: what the provider drew is valid, unless it was damaged since."""
    match message.WhichOneof("source"):
        case None if not message.sha256:  # with it, a picture that is kept
            yield "", "has no source; set data, uri, image_id or sha256"
        case "uri":
            yield from _elsewhere(message)
        case "data":
            yield from of_data(message, message.data, answered=True)


def of_data(message: pb.Image, data: bytes, *, answered: bool, sha256: bytes = b"") -> Iterator[tuple[str, str]]:
    """Check the data of a picture. It is passed on, because protobuf copies it each time it is read.

    sha256: of the data, where it is known: large data takes a while.
    """
    header = image_header.read(data[: image_header.ENOUGH])
    if answered:
        if header is None and not message.mime_type:
            yield "mime_type", f"is required: the data is none of {INPUT_TYPES}"
        yield from _agrees(message, data, header, sha256)
        return
    if header is None:
        yield "data", f"is not a supported image file; send {INPUT_TYPES}"
        return
    if header.mime_type == GIF:
        yield "data", NO_GIF
    elif header.width is None and header.mime_type not in image_header.WITHOUT_SIZE and len(data) < image_header.ENOUGH:
        yield "data", f"ends before the size in pixels, which is in the header of {header.mime_type}: send all of it"
    if message.mime_type and message.mime_type != header.mime_type:
        yield "mime_type", f"is {message.mime_type!r}, but the data is {header.mime_type}; leave it out or correct it"
    if header.width and header.height and header.width * header.height > MAX_PIXELS:
        yield "data", f"has {header.width}x{header.height} pixels; at most {MAX_PIXELS} are allowed: scale it down"
    yield from _agrees(message, data, header, sha256)


def _agrees(
    message: pb.Image, data: bytes, header: image_header.ImageHeader | None, sha256: bytes
) -> Iterator[tuple[str, str]]:
    """Check the fields of a picture against its data."""
    width, height = (header.width, header.height) if header else (None, None)
    for field, actual in (("width", width), ("height", height), ("size_bytes", len(data))):
        if not message.HasField(field) or actual == getattr(message, field):
            continue
        if actual is None:
            yield field, "cannot be checked: this server cannot read it from the data; leave it out"
        else:
            yield field, f"is {getattr(message, field)}, but the data has {actual}; leave it out or correct it"
    if message.sha256 and (sha256 or hashlib.sha256(data).digest()) != message.sha256:
        yield "sha256", "does not match the data: the picture was damaged or changed; send it again"


def _elsewhere(message: pb.Image) -> Iterator[tuple[str, str]]:
    uri = message.uri
    scheme = uri[:_LONGEST_SCHEME].partition(":")[0].lower()
    if scheme == "data":
        if not re.match(r"data:image/[\w.+-]{1,127};base64,", uri):
            yield "uri", "must be data:image/TYPE;base64,DATA"
    elif scheme not in {"https", "gs"}:
        yield "uri", "must start with https://, gs:// or data:; send other pictures as data"
    elif len(uri) > 2048:
        yield "uri", f"has {len(uri)} characters; at most 2048 are allowed"
    for field in ("width", "height", "size_bytes"):
        if message.HasField(field):
            yield field, "can only be checked against data; leave it out beside a uri"
    if message.sha256:
        yield "sha256", "can only be checked against data; leave it out beside a uri"
