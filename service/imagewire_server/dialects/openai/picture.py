"""Pictures as OpenAI's JSON has them: URLs in, base64 out, encoded while the bytes arrive."""

import binascii
import re

import pybase64

from imagewire_server.contract import image_header, pb

_DATA = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w.=+-]+)*;base64,", re.IGNORECASE)
_DETAILS = {
    "auto": pb.ImageDetail.IMAGE_DETAIL_AUTO,
    "low": pb.ImageDetail.IMAGE_DETAIL_LOW,
    "high": pb.ImageDetail.IMAGE_DETAIL_HIGH,
}
_TYPES = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp", "gif": "gif", "heic": "heic", "heif": "heif"}


def read(url: str, detail: str | None = None, media_type: str | None = None) -> pb.Image:
    """The picture that a URL names or holds. Raises ValueError in words for the caller.

    A data: URL's own media type is not asked for: many clients write it wrong, and the bytes tell.
    """
    made = pb.Image(detail=_DETAILS[detail or "auto"]) if detail else pb.Image()
    if url[:5].lower() == "data:":
        match = _DATA.match(url)
        if match is None:
            raise ValueError("must be data:image/TYPE;base64,DATA")
        made.data = decoded(url[match.end() :])
    elif url[:5].lower() == "gs://":
        made.uri = url
        suffix = url.rpartition(".")[2].lower()
        made.mime_type = media_type or (f"image/{_TYPES[suffix]}" if suffix in _TYPES else "")
    elif re.match(r"[a-z][a-z0-9+.-]*:", url, re.IGNORECASE):
        made.uri = url
        made.mime_type = media_type or ""
    else:
        raise ValueError("is no URL; send https://…, gs://… or data:image/png;base64,…")
    return made


def decoded(text: str) -> bytes:
    """The bytes of base64. Raises ValueError in words for the caller."""
    try:
        return pybase64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("holds no valid base64") from None


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


def media_type(said: str, first: bytes) -> str:
    """The media type of a picture: as the provider said it, else as the file's first bytes tell."""
    if said:
        return said
    header = image_header.read(first[: image_header.ENOUGH])
    return header.mime_type if header else "application/octet-stream"
