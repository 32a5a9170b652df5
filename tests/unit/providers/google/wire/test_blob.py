"""What is learned of a picture, or of other media, while its bytes pass."""

import base64
import json

import pytest

from imagewire_server.providers.google.wire.blob import Blob, media_type
from tests.golden.cases import read
from tests.unit.providers.google.wire.odd_answers import (
    B64,
    PNG,
    WAV,
    answer,
    text,
)


def test_a_size_that_no_picture_can_have_is_not_told() -> None:
    png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + (1 << 31).to_bytes(4, "big") + (7).to_bytes(4, "big")
    part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(png).decode()}}
    candidate = {"content": {"parts": [part]}, "finishReason": "STOP"}
    events = read(json.dumps({"candidates": [candidate]}).encode())
    (image,) = [event["part_finished"]["image"] for event in events if "part_finished" in event]
    assert image["size_bytes"] == str(len(png))
    assert "width" not in image


@pytest.mark.parametrize(
    "said", ['image/png","x":"y', "image/png\\", "image/png\n", "IMAGE/PNG", "image/png; q=1", "", "?"]
)
@pytest.mark.parametrize("order", [1, -1])
def test_u9_a_media_type_is_one_or_is_read_from_the_file(said: str, order: int) -> None:
    blob = dict(list({"mimeType": said, "data": B64}.items())[::order])
    (part,) = [event["part_finished"] for event in read(text(answer({"inlineData": blob}))) if "part_finished" in event]
    assert part["image"]["mime_type"] == "image/png"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("", ""),
        ("image/png", "image/png"),
        ("IMAGE/PNG; q=1", "image/png"),
        (" audio/L16;rate=24000", "audio/l16;rate=24000"),
        ("audio/L16; rate=24000; codec=pcm", "audio/l16; rate=24000; codec=pcm"),
        ("audio/wav; odd parameter", "audio/wav"),
        ("audio", ""),
        ("a/b\r\nx: y", ""),
        ("x" * 128 + "/y", ""),
    ],
)
def test_a_media_type_is_safe_to_write_anywhere(said: str, kept: str) -> None:
    assert media_type(said) == kept


@pytest.mark.parametrize(
    ("data", "is_image"),
    [
        (PNG, True),
        (b"BM" + bytes(40), True),
        (b"\0\0\0\x1cftypavif" + bytes(40), True),
        (b"\0\0\0\x1cftypmp42" + bytes(40), False),
        (WAV, False),
        (b"", False),
    ],
)
def test_bytes_tell_what_nobody_has_said(data: bytes, is_image: bool) -> None:
    blob = Blob("application/octet-stream", thought=False)
    assert not blob.detect(complete=False)
    for at in range(0, len(data), 8):
        blob.waiting += data[at : at + 8]
        blob.add(data[at : at + 8])
    assert blob.detect(complete=True)
    assert (blob.is_image, blob.settle("")) == (is_image, is_image)
    assert (blob.size, blob.media("a").size_bytes) == (len(data), len(data))
    assert blob.media("a").mime_type == "application/octet-stream"
    assert blob.settle("audio/wav") is False, "what is said at the end counts"
    assert blob.media("").mime_type == "audio/wav"
