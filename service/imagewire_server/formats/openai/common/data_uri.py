"""Pictures and other media in requests, as URLs or data: URLs."""

import binascii
import re
from urllib.parse import unquote

import pybase64

from imagewire_server.contract import image_header, image_rules, pb

# Each repetition is limited, because a regular expression would store each of millions of parameters.
_DATA = re.compile(
    r"data:(?P<type>[\w.+-]{1,127}/[\w.+-]{1,127})?(?:;(?!base64,)[\w.=+-]{1,256}+){0,16}+;base64,", re.IGNORECASE
)
_LONGEST_HEAD = 4096
_UNUSUAL = re.compile(
    r"data:(?P<type>[\w.+-]{1,127}/[\w.+-]{1,127})?(?:;(?!base64$)[^;,]{0,256}){0,16}(?:;base64|(?<=data:)base64)"
)
_FROM_URL_ALPHABET = bytes.maketrans(b"-_", b"+/")
_BLANKS = b" \t\n\r\v\f"
# The characters of base64 that need percent signs in a URL, and blanks. To decode any takes a second for 10 MB.
_ESCAPED = {b"%2B": b"+", b"%2F": b"/", b"%3D": b"=", b"%2D": b"-", b"%5F": b"_"} | dict.fromkeys(
    (b"%20", b"%0A", b"%0D"), b""
)
_DETAILS = {
    "auto": pb.ImageDetail.IMAGE_DETAIL_AUTO,
    "low": pb.ImageDetail.IMAGE_DETAIL_LOW,
    "high": pb.ImageDetail.IMAGE_DETAIL_HIGH,
    "medium": pb.ImageDetail.IMAGE_DETAIL_MEDIUM,
    "ultra_high": pb.ImageDetail.IMAGE_DETAIL_ULTRA_HIGH,
    "original": pb.ImageDetail.IMAGE_DETAIL_ULTRA_HIGH,  # OpenAI's highest
}
_TYPES = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp", "gif": "gif", "heic": "heic", "heif": "heif"}


def read(url: str, detail: str | None = None, media_type: str | None = None, *, answered: bool = False) -> pb.Image:
    """Return the picture of a URL. Raises ValueError with a message for the caller.

    The media type of a data: URL is ignored: many clients set a wrong one, and the bytes show the right one. answered:
    the picture is from an answer and is sent back unchanged, with its original media type.
    """
    url = url.lstrip() if url[:1].isspace() else url
    made = pb.Image(detail=_DETAILS[detail or "auto"]) if detail else pb.Image()
    if url[:5].lower() == "data:":
        made.data, said = _data_of(url, "image/TYPE")
        if answered:
            made.mime_type = _type_of(made.data, media_type or said)
    elif answered:
        made.uri = url
        made.mime_type = media_type or ""
    elif url[:5].lower() == "gs://":
        made.uri = url
        suffix = url.rpartition(".")[2].lower()
        made.mime_type = media_type or (f"image/{_TYPES[suffix]}" if suffix in _TYPES else "")
    elif re.match(r"[a-z][a-z0-9+.-]*:", url, re.IGNORECASE):
        made.uri = url
        made.mime_type = media_type or ""
    else:
        raise ValueError("is not a URL; send https://…, gs://… or data:image/png;base64,…")
    return made


def kept(file_id: str, detail: str | None = None) -> pb.Image:
    """A picture that is kept, by its id."""
    return pb.Image(image_id=file_id, detail=_DETAILS[detail or "auto"]) if detail else pb.Image(image_id=file_id)


def drawn(data: bytes, file_format: str | None) -> pb.Image:
    """A picture from an answer; file_format: "png" for "image/png"."""
    return pb.Image(data=data, mime_type=_type_of(data, f"image/{file_format}" if file_format else ""))


def _type_of(data: bytes, said: str) -> str:
    """The media type of a picture from an answer: the given one, or the one that the bytes show, or unknown."""
    if said.startswith("image/"):
        return said
    return "" if image_header.read(data[: image_header.ENOUGH]) else image_rules.UNTOLD_TYPE


def media(url: str, media_type: str) -> pb.Media:
    """Return other media of an answer. Raises ValueError with a message for the caller."""
    if url[:5].lower() == "data:":
        return pb.Media(data=_data_of(url, "TYPE")[0], mime_type=media_type)
    return pb.Media(uri=url, mime_type=media_type)


def _data_of(url: str, wanted: str) -> tuple[bytes, str]:
    """Return the bytes of a data: URL, and its media type."""
    match = _DATA.match(url)
    if match is not None:
        begin, said = match.end(), match["type"] or ""
    else:
        begin, said = _unusual_head(url, wanted)
    try:
        return pybase64.b64decode(url[begin:], validate=True), said
    except (binascii.Error, ValueError):
        return _decoded(_usual(url[begin:])), said


def _unusual_head(url: str, wanted: str) -> tuple[int, str]:
    """Where the base64 of a data: URL begins, and its media type, if its head is not written as it should be.

    It may be percent-encoded, hold blanks, or have text that is no media type.
    """
    comma = url.find(",", 0, _LONGEST_HEAD)
    if comma < 0:
        comma = url[:_LONGEST_HEAD].upper().find("%2C")
        begin = comma + 3
    else:
        begin = comma + 1
    head = re.sub(r"\s", "", unquote(url[: max(comma, 0)])).lower()
    match = _UNUSUAL.fullmatch(head)
    if match is None:
        raise ValueError(f"must be data:{wanted};base64,DATA")
    return begin, match["type"] or ""


def _usual(text: str) -> bytes:
    """Base64 as it is found in the wild, in its standard form: without blanks, percent signs, or the URL alphabet."""
    data = text.encode(errors="replace")
    if b"%" in data:
        for escaped, plain in _ESCAPED.items():
            data = data.replace(escaped, plain).replace(escaped.lower(), plain)
    data = data.translate(_FROM_URL_ALPHABET, _BLANKS).rstrip(b"=")
    return data + b"=" * (-len(data) % 4)


def _decoded(data: bytes) -> bytes:
    try:
        return pybase64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not valid base64") from None


def decoded(text: str) -> bytes:
    """Decode base64. Raises ValueError with a message for the caller."""
    return _decoded(text.encode(errors="replace"))
