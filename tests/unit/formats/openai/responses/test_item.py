"""One output item: its JSON, its end, and what must be sent back with it."""

import json
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.responses.item import Item, at, output_text, own


def item(*behind: bytes) -> Item:
    return Item(2, {"id": "ig_1", "status": "in_progress"}, list(behind))


def written(pieces: list[Any]) -> Any:
    return json.loads(b"".join(pieces))


def test_what_is_behind_an_item_is_inside_its_json() -> None:
    assert written(item().pieces()) == {"id": "ig_1", "status": "in_progress"}
    assert written(item(b',"result":"', b"QQ==", b'"').pieces())["result"] == "QQ=="


def test_an_end_says_how_it_ended() -> None:
    for end, status in (Item.done, "completed"), (Item.failed, "failed"):
        one = item()
        name, fields, pieces = end(one)
        assert (name, fields) == ("output_item.done", {"output_index": 2})
        assert written([b'{"output_index":2', *pieces, b"}"])["item"] == {"id": "ig_1", "status": status}
        assert one.shown["status"] == status


@pytest.mark.parametrize(
    ("part", "extras"),
    [
        ({"thought": True}, {"thought": True}),
        ({"thought_signature": b"A"}, {"thought_signature": "QQ=="}),
        ({"native_fields": {"a": "[1]"}}, {"native_fields": {"a": [1]}}),
        ({"image": {"display_name": "cat"}}, {"display_name": "cat"}),
    ],
    ids="-".join,
)
def test_what_must_be_sent_back_is_added(part: dict[str, Any], extras: dict[str, Any]) -> None:
    one = item()
    own(one, pb.PartFinished(**part))
    assert written(one.pieces())["provider_specific_fields"] == extras


def test_the_id_of_a_kept_picture_is_a_field_of_the_item() -> None:
    one = item()
    own(one, pb.PartFinished(image={"image_id": "img-1"}))
    assert one.shown == {"id": "ig_1", "status": "in_progress", "image_id": "img-1"}


def test_an_item_and_a_text_in_events() -> None:
    assert at(item()) == {"item_id": "ig_1", "output_index": 2}
    assert output_text("A") == {"type": "output_text", "text": "A", "annotations": [], "logprobs": []}
