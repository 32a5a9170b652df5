"""What is learned of a picture, or of other media, while its bytes pass."""

import base64
import json

import pytest

from tests.golden.cases import read
from tests.unit.providers.google.wire.odd_answers import (
    B64,
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
