"""Reads the type and the size in pixels from the first bytes of an image file. Pixels are never decoded.

Formats: PNG (ISO/IEC 15948), JPEG (ITU-T T.81), GIF89a, WebP (RFC 9649), HEIF brands (ISO/IEC 23008-12).
"""

import struct
from typing import NamedTuple

# The size of a JPEG may come after its metadata segments.
ENOUGH = 64 * 1024

_HEIF = {
    **dict.fromkeys((b"heic", b"heix", b"hevc"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1"), "image/heif"),
}
# Their size stands in boxes that are not read here.
WITHOUT_SIZE = frozenset(_HEIF.values())
_JPEG_NO_SIZE = frozenset({0xC4, 0xC8, 0xCC})


class ImageHeader(NamedTuple):
    """mime_type: "image/…". width, height: pixels, None if the given bytes do not include them."""

    mime_type: str
    width: int | None
    height: int | None


def read(head: bytes | bytearray) -> ImageHeader | None:
    """The header in the first bytes of a file (ENOUGH of them always suffice), None for an unknown type."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageHeader("image/png", *(struct.unpack_from(">II", head, 16) if len(head) >= 24 else (None, None)))
    if head.startswith(b"\xff\xd8\xff"):
        return ImageHeader("image/jpeg", *_jpeg_size(head))
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageHeader("image/webp", *_webp_size(head))
    if head.startswith((b"GIF87a", b"GIF89a")):
        return ImageHeader("image/gif", *(struct.unpack_from("<HH", head, 6) if len(head) >= 10 else (None, None)))
    if head[4:8] == b"ftyp" and (heif := _HEIF.get(bytes(head[8:12]))):
        return ImageHeader(heif, None, None)
    return None


def _jpeg_size(head: bytes | bytearray) -> tuple[int | None, int | None]:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _JPEG_NO_SIZE:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return None, None


def _webp_size(head: bytes | bytearray) -> tuple[int | None, int | None]:
    if len(head) < 30:
        return None, None
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None, None
