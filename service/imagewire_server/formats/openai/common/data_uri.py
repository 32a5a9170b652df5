"""Pictures and other media as OpenAI's JSON names or holds them in a request."""

import binascii
import re

import pybase64

from imagewire_server.contract import image_header, image_rules, pb

# Each repetition is bounded: of millions of parameters a regular expression would remember each.
_DATA = re.compile(
    r"data:(?P<type>[\w.+-]{1,127}/[\w.+-]{1,127})?(?:;(?!base64,)[\w.=+-]{1,256}+){0,16}+;base64,", re.IGNORECASE
)
_DETAILS = {
    "auto": pb.ImageDetail.IMAGE_DETAIL_AUTO,
    "low": pb.ImageDetail.IMAGE_DETAIL_LOW,
    "high": pb.ImageDetail.IMAGE_DETAIL_HIGH,
    "medium": pb.ImageDetail.IMAGE_DETAIL_MEDIUM,
    "ultra_high": pb.ImageDetail.IMAGE_DETAIL_ULTRA_HIGH,
}
_TYPES = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp", "gif": "gif", "heic": "heic", "heif": "heif"}


def read(url: str, detail: str | None = None, media_type: str | None = None, *, answered: bool = False) -> pb.Image:
    """The picture that a URL names or holds. Raises ValueError in words for the caller.

    A data: URL's own media type is not asked for: many clients write it wrong, and the bytes tell. answered: the
    picture is of an answer and goes back as it came, with the media type that it came with.
    """
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
        raise ValueError("is no URL; send https://…, gs://… or data:image/png;base64,…")
    return made


def drawn(data: bytes, file_format: str | None) -> pb.Image:
    """A picture of an answer; file_format: "png" of "image/png"."""
    return pb.Image(data=data, mime_type=_type_of(data, f"image/{file_format}" if file_format else ""))


def _type_of(data: bytes, said: str) -> str:
    """The media type of an answer's picture: what it says, else the bytes tell; if neither does, nobody ever told."""
    if said.startswith("image/"):
        return said
    return "" if image_header.read(data[: image_header.ENOUGH]) else image_rules.UNTOLD_TYPE


def media(url: str, media_type: str) -> pb.Media:
    """Media of an answer that is no picture. Raises ValueError in words for the caller."""
    if url[:5].lower() == "data:":
        return pb.Media(data=_data_of(url, "TYPE")[0], mime_type=media_type)
    return pb.Media(uri=url, mime_type=media_type)


def _data_of(url: str, wanted: str) -> tuple[bytes, str]:
    """The bytes that a data: URL holds, and its media type."""
    match = _DATA.match(url)
    if match is None:
        raise ValueError(f"must be data:{wanted};base64,DATA")
    return decoded(url[match.end() :]), match["type"] or ""


def decoded(text: str) -> bytes:
    """The bytes of base64. Raises ValueError in words for the caller."""
    try:
        return pybase64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("holds no valid base64") from None
