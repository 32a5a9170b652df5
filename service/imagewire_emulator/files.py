"""Encodes a drawing as a file of the size of Google's pictures: enlarged without processing its pixels, then padded.

The bytes of a real picture are detail. Here they are noise outside the pixels (a private chunk, or comments in a JPEG):
compressing 50 MB of pixels takes a second, and it makes no difference to code that only transfers pictures.
"""

import functools
import io
import random
import struct
import zlib

from PIL import Image

_NOISE_BYTES = 1024 * 1024
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_JPEG_HEAD = 20  # the start marker and Pillow's JFIF segment, which must come first
_SEGMENT = 65_533  # of a JPEG: two bytes are its length


def png(drawing: Image.Image, times: int, size: int) -> bytes:
    """Encode the drawing, `times` as wide and high, as a PNG of `size` bytes. Raises ValueError if it needs more."""
    width, height = drawing.width * times, drawing.height * times
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    bare = _PNG_HEAD + _chunk(b"IHDR", header) + _chunk(b"IDAT", _scan_lines(drawing, times))
    room = size - len(bare) - 2 * len(_chunk(b"", b"")) - 8
    if room < 0:
        raise ValueError(f"a picture takes at least {size - room} bytes")
    return bare + _chunk(b"imWg", _noise(room)) + _chunk(b"IEND", b"")


def jpeg(drawing: Image.Image, times: int, size: int, quality: int) -> bytes:
    """The same as a JPEG of `size` bytes, or more if the quality needs more."""
    file = io.BytesIO()
    enlarged = drawing.resize((drawing.width * times, drawing.height * times), Image.Resampling.NEAREST)
    enlarged.save(file, "JPEG", quality=quality)
    bare = file.getvalue()
    noise = _noise(max(0, size - len(bare)))
    comments = [noise[at : at + _SEGMENT] for at in range(0, len(noise), _SEGMENT)]
    padding = b"".join(struct.pack(">HH", 0xFFFE, len(comment) + 2) + comment for comment in comments)
    return bare[:_JPEG_HEAD] + padding + bare[_JPEG_HEAD:]


def _scan_lines(drawing: Image.Image, times: int) -> bytes:
    """The data of IDAT. A line that equals the one above is zeros after PNG's filter Up; these are compressed once."""
    width = drawing.width * times
    lines = drawing.resize((width, drawing.height), Image.Resampling.NEAREST).tobytes()
    repeated = (b"\x02" + bytes(3 * width)) * (times - 1)
    deflate = zlib.compressobj(1, zlib.DEFLATED, -15)

    def piece(data: bytes) -> bytes:
        # With a full flush, data does not refer to earlier data, so the pieces can be combined in any order.
        return deflate.compress(data) + deflate.flush(zlib.Z_FULL_FLUSH)

    alike = piece(repeated) if repeated else b""
    pieces, check = [b"\x78\x01"], 1
    for at in range(0, len(lines), 3 * width):
        line = b"\x00" + lines[at : at + 3 * width]
        check = zlib.adler32(repeated, zlib.adler32(line, check))
        pieces += [piece(line), alike]
    return b"".join([*pieces, b"\x03\x00", struct.pack(">I", check)])


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))


@functools.cache
def _block() -> bytes:
    return random.Random(_NOISE_BYTES).randbytes(_NOISE_BYTES)  # noqa: S311  # a picture, not a secret


def _noise(size: int) -> bytes:
    """Bytes that cannot be compressed: the block is longer than the window of common compressors."""
    return (_block() * (size // _NOISE_BYTES + 1))[:size]
