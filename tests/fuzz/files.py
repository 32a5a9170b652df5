"""Files of random bytes: pictures with true headers, and media that is no picture."""

import random
import struct
import zlib

PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")
MEDIA = ("audio/wav", "audio/mpeg", "audio/L16;codec=pcm;rate=24000", "video/mp4", "application/pdf", "text/csv")


def picture(mime: str, size: int, rng: random.Random) -> bytes:
    """A file of about so many bytes."""
    width, height, filling = rng.randint(1, 9000), rng.randint(1, 9000), rng.randbytes(max(size - 60, 8))
    if mime == "image/png":
        head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", filling) + _chunk(b"IEND", b"")
    if mime == "image/jpeg":
        frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
        scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + filling.replace(b"\xff", b"\xfe")
        return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + frame + scan + b"\xff\xd9"
    if mime == "image/webp":
        bits = (width - 1) | (height - 1) << 14
        body = b"\x2f" + struct.pack("<I", bits) + filling
        body = b"VP8L" + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
        return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0" + filling + b"\x3b"


def media(mime: str, size: int, rng: random.Random) -> bytes:
    """A file that is no picture."""
    heads = {
        "audio/wav": b"RIFF\0\0\0\0WAVEfmt ",
        "audio/mpeg": b"ID3\x03\0",
        "video/mp4": b"\0\0\0\x18ftypmp42",
        "application/pdf": b"%PDF-1.7\n",
    }
    return heads.get(mime, b"a,b\n") + rng.randbytes(max(size, 4))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
