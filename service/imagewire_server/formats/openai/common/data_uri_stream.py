"""Bytes as data: URLs, encoded while they arrive; of what is elsewhere, its own URL."""

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
    """Encodes bytes that come in pieces."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """The base64 of what is complete."""
        if self._rest:
            data = self._rest + data
        whole = len(data) - len(data) % 3
        self._rest = data[whole:]
        return pybase64.b64encode(memoryview(data)[:whole])

    def close(self) -> bytes:
        """The base64 of the rest."""
        rest, self._rest = self._rest, b""
        return pybase64.b64encode(rest)


@lru_cache(maxsize=16)
def head(media_type: str) -> bytes:
    """The front of a data: URL inside JSON: nothing of a media type's leaves the JSON string, or the URL."""
    match = _MEDIA_TYPE.match(media_type.replace(" ", ""))
    return f"data:{match[0] if match else _UNKNOWN};base64,".encode()


def file_format(image: pb.Image) -> str | None:
    """OpenAI's word for a picture's file format, "png" of "image/png"; None where it is not known."""
    match = _IMAGE.match(image.mime_type)
    return match[1] if match else None


def look(image: pb.Image) -> dict[str, Any]:
    """A picture's file format and its size in pixels, as far as they are known."""
    made: dict[str, Any] = {"output_format": file_format(image)}
    if image.HasField("width"):
        made["size"] = f"{image.width}x{image.height}"
    return made


def inside(what: pb.Image | pb.Media, key: Key) -> list[Piece]:
    """The URL of a picture or of other media, inside JSON quotes. key: where the bytes are kept, if there are any."""
    if what.uri:
        return [encoded(what.uri)[1:-1]]
    return [head(what.mime_type), ImageRef(key)]
