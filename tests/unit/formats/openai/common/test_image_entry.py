"""An entry of `images` is valid JSON around its URL, whatever is known of the picture."""

import json
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.image_entry import entry_end, entry_front, final_end

PNG = {"data": b"A", "mime_type": "image/png"}
FAR = {"uri": "gs://b/a", "mime_type": "image/png"}
AUTO = {"url": "U", "detail": "auto"}


def entry(part: pb.PartFinished, written: str = "", index: int = 0) -> Any:
    return json.loads(entry_front(index) + b"U" + entry_end(part, written))


@pytest.mark.parametrize(
    ("part", "written", "expected"),
    [
        (pb.PartFinished(image=PNG), "image/png", {"image_url": AUTO}),
        (pb.PartFinished(image=PNG), "", {"image_url": AUTO}),
        (pb.PartFinished(image=PNG, thought=True), "image/png", {"image_url": AUTO, "thought": True}),
        (pb.PartFinished(image=PNG), "image/webp", {"image_url": AUTO, "mime_type": "image/png"}),
        (pb.PartFinished(image={"data": b"A"}), "image/webp", {"image_url": AUTO}),
        (
            pb.PartFinished(media={"data": b"A", "mime_type": "audio/wav"}, thought=True),
            "image/png",
            {"image_url": AUTO, "thought": True, "mime_type": "audio/wav"},
        ),
        (pb.PartFinished(image={**PNG, "image_id": "img-1"}), "", {"image_url": AUTO, "image_id": "img-1"}),
        (pb.PartFinished(image=FAR), "", {"image_url": {**AUTO, "format": "image/png"}}),
        (pb.PartFinished(image={"uri": "gs://b/a"}), "", {"image_url": AUTO}),
        (
            pb.PartFinished(image={**PNG, "display_name": 'a"b'}),
            "image/png",
            {"image_url": {**AUTO, "display_name": 'a"b'}},
        ),
    ],
)
def test_an_entry(part: pb.PartFinished, written: str, expected: dict[str, Any]) -> None:
    assert entry(part, written, 3) == {"type": "image_url", "index": 3, **expected}


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (pb.Image(**PNG), AUTO),
        (pb.Image(**FAR, display_name="a"), {**AUTO, "format": "image/png", "display_name": "a"}),
        (pb.Media(uri="gs://b/a"), AUTO),
    ],
)
def test_the_final_picture(what: pb.Image | pb.Media, expected: dict[str, Any]) -> None:
    assert json.loads(b'{"url":"U' + final_end(what)) == expected
