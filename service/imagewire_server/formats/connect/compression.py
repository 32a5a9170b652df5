"""Messages that are compressed with gzip, as the libraries of some languages send them unless they are told not to.

What comes out is bounded before it is there: a few kilobytes may stand for gigabytes.
"""

import zlib

from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.formats.connect.refusals import TooLong, Unsupported

GZIP, IDENTITY = "gzip", "identity"
_WITH_HEAD = 16 + zlib.MAX_WBITS
# A message may be so many times as large as what was sent, and so many bytes in any case. Base64 shrinks to three
# quarters, text to a third, and nothing that is meant to be a request to a twentieth.
_MOST_TIMES = 20
_FREE = 256 * 1024


def is_gzip(name: str, given: str) -> bool:
    """Whether messages are compressed, by the header of this name. Raises Unsupported for another compression."""
    if given not in {"", IDENTITY, GZIP}:
        raise Unsupported(f"{name}: is {given[:64]!r}, which is not read here: send {GZIP} or {IDENTITY}")
    return given == GZIP


def unpacked(data: bytes | bytearray, most: int) -> bytes:
    """A message. most: bytes of it. Raises TooLong, and InvalidRequest for what is not one whole gzip file."""
    limit = min(most, len(data) * _MOST_TIMES + _FREE)
    unzip = zlib.decompressobj(_WITH_HEAD)
    try:
        message = unzip.decompress(data, limit + 1)
    except zlib.error:
        raise _wrong("is not compressed with gzip, as its headers say") from None
    if len(message) > limit:
        raise TooLong(most) if limit == most else _wrong(f"unpacks to more than {_MOST_TIMES} times its size")
    if not unzip.eof or unzip.unused_data:
        raise _wrong("is not one whole gzip file")
    return message


def _wrong(words: str) -> InvalidRequest:
    return InvalidRequest([Violation("", words)])
