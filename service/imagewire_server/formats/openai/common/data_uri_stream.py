"""Writes data: URLs while the bytes arrive. Data that the provider stored elsewhere keeps its own URL."""

import re
from functools import lru_cache
from typing import Any

import pybase64

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.encoder import ImageRef, Key, Piece, encoded

_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*", re.ASCII)
_IMAGE = re.compile(r"image/([\w.+-]+)", re.ASCII)
_UNKNOWN = "application/octet-stream"


class Base64:
    """Encodes bytes that arrive in pieces."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """Return the base64 of all complete groups of three bytes."""
        if self._rest:
            data = self._rest + data
        whole = len(data) - len(data) % 3
        self._rest = data[whole:]
        return pybase64.b64encode(memoryview(data)[:whole])

    def close(self) -> bytes:
        """Return the base64 of the remaining bytes."""
        rest, self._rest = self._rest, b""
        return pybase64.b64encode(rest)


@lru_cache(maxsize=16)
def head(media_type: str) -> bytes:
    """The start of a data: URL inside JSON. A media type cannot break out of the JSON string or the URL."""
    match = _MEDIA_TYPE.match(media_type.replace(" ", ""))
    return f"data:{match[0] if match else _UNKNOWN};base64,".encode()


def file_format(image: pb.Image) -> str | None:
    """OpenAI's name of a picture's file format, "png" for "image/png"; None if it is unknown."""
    match = _IMAGE.match(image.mime_type)
    return match[1] if match else None


def look(image: pb.Image) -> dict[str, Any]:
    """A picture's file format and its size in pixels, if known."""
    made: dict[str, Any] = {"output_format": file_format(image)}
    if image.HasField("width"):
        made["size"] = f"{image.width}x{image.height}"
    return made


def inside(what: pb.Image | pb.Media, key: Key) -> list[Piece]:
    """The URL of a picture or of other media, in JSON quotes. key: where the bytes are kept, if any."""
    if what.uri:
        return [encoded(what.uri)[1:-1]]
    return [head(what.mime_type), ImageRef(key)]
