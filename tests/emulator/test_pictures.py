"""The emulator's pictures: as large as Google's, valid, and cheap enough to draw one for each call."""

import base64
import io
import json
import struct
import zlib

import aiohttp
import pytest
from PIL import Image

from imagewire_emulator.draw import Studio, Wish, pixels
from tests.emulator.requests import ask
from tests.pictures import encoded

MB = 1_000_000
# image size → the least and the most bytes of a PNG
SIZES = {"512": (0.4, 0.6), "1K": (1, 2), "2K": (5, 8), "4K": (17, 30)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("mime_type", "share", "ratio"), [("image/png", 1, "21:9"), ("image/png", 1, "1:8"), ("image/jpeg", 4, "4:5")]
)
def test_pictures_have_googles_sizes_and_decode(size: str, mime_type: str, share: int, ratio: str) -> None:
    picture = Studio().draw(Wish("a banana", size=size, ratio=ratio, mime_type=mime_type))
    low, high = SIZES[size]
    assert low * MB / share <= len(picture.data) <= high * MB / share
    with Image.open(io.BytesIO(picture.data)) as opened:
        assert opened.get_format_mimetype() == mime_type
        assert opened.size == pixels(ratio, size) == (picture.width, picture.height)
        assert len(opened.resize((64, 64), Image.Resampling.NEAREST).convert("L").getcolors() or ()) > 20


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Name and data of each chunk, their checks compared."""
    found = []
    at = 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(name + data)
        found.append((name, data))
        at += 12 + length
    return found


@pytest.mark.parametrize("size", ["512", "2K"])
def test_a_png_is_what_the_standard_asks(size: str) -> None:
    picture = Studio().draw(Wish("a", size=size, ratio="4:5"))
    found = dict(chunks(picture.data))
    assert list(found) == [b"IHDR", b"IDAT", b"imWg", b"IEND"]
    inflate = zlib.decompressobj()
    lines = inflate.decompress(found[b"IDAT"])
    assert inflate.eof
    assert not inflate.unused_data
    assert len(lines) == picture.height * (1 + 3 * picture.width)


def test_the_padding_does_not_compress() -> None:
    picture = Studio().draw(Wish("a"))
    assert len(zlib.compress(picture.data, 6)) > 0.9 * len(picture.data)


async def test_a_picture_that_is_cut_is_refused(client: aiohttp.ClientSession) -> None:
    whole = encoded("JPEG", 64, 64)
    data = base64.b64encode(whole[: len(whole) // 2]).decode()
    picture = {"inlineData": {"mimeType": "image/jpeg", "data": data}}
    given = {"contents": [{"parts": [{"text": "Give it a hat"}, picture]}]}
    status, text = await ask(client, "gemini-2.5-flash-image", given)
    assert (status, json.loads(text)["error"]["status"]) == (400, "INVALID_ARGUMENT")
