"""The pictures that are asked for by a model's name: whole PNG files of exactly N bytes, the same ones every time.

Both ends of a run make them by themselves, so that what comes out of a gateway is compared with what went in.
"""

import base64
import random
import re
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SIDE = 1024
# Signature, IHDR, IDAT's frame, IEND.
SMALLEST = 8 + 25 + 12 + 12
_NAME = re.compile(r"bench((?:-(?:size|drip|delay)-\d+)+)")
_PAIR = re.compile(r"-(size|drip|delay)-(\d+)")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a model's name asks for. size: bytes of the picture. drip, delay: milliseconds."""

    size: int = 1000
    drip: int = 0
    delay: int = 0

    @property
    def model(self) -> str:
        """The name that asks for it."""
        return f"bench-size-{self.size}" + "".join(
            f"-{name}-{value}" for name, value in (("drip", self.drip), ("delay", self.delay)) if value
        )


def asked(text: str) -> Ask | None:
    """What a model's name, wherever it stands in the text, asks for; None where there is none."""
    match = _NAME.search(text)
    if match is None:
        return None
    given = Ask(**{name: int(value) for name, value in _PAIR.findall(match[1])})
    return given if given.size >= SMALLEST else None


@lru_cache(maxsize=4)
def picture(size: int) -> bytes:
    """A PNG file of so many bytes. Its pixels are noise, so that nothing on the way can pack it."""
    noise = random.Random(size).randbytes(size - SMALLEST)  # noqa: S311  # the same bytes every time are the point
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", noise) + _chunk(b"IEND", b"")


@lru_cache(maxsize=4)
def encoded(size: int) -> bytes:
    """The picture in base64."""
    return base64.b64encode(picture(size))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
