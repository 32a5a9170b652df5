"""Pictures of a response that go by URL: their items come when they begin, and need no bytes."""

import json
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.responses.output import Output
from tests.unit.formats.openai.answered import by_url, ended, picture, with_keys

IG = "image_generation_call"
ADDED = ["output_item.added", f"{IG}.in_progress", f"{IG}.generating"]
DONE = [f"{IG}.completed", "output_item.done"]


def fed(*parts: list[Any]) -> tuple[list[list[str]], list[dict[str, Any]]]:
    """The names of the events behind each event of an answer, and the items at the end."""
    [start], delivery = by_url()
    output = Output(0, delivery=delivery)
    assert isinstance(start, pb.Event)
    output.start(start.started)
    events = [event for part in [*parts, ended()] for event in part if isinstance(event, pb.Event)]
    told = [[name for name, _, _ in output.feed(event.WhichOneof("event"), event)] for event in events]
    assert output.needs == {key for item in output.items for key in item.keys}
    return told, [json.loads(b"".join(p for p in item.pieces() if isinstance(p, bytes))) for item in output.items]


@pytest.mark.parametrize(("known", "events"), [(True, [ADDED, DONE, []]), (False, [[], [*ADDED, *DONE], []])])
def test_its_item_begins_when_it_is_known_to_be_a_picture(known: bool, events: list[list[str]]) -> None:
    told, [item] = fed(picture(b"A", known=known))
    assert told == events
    expected = {"type": IG, "status": "completed", "url": "http://a/0/0", "result": None, "output_format": "png"}
    assert item == {"id": "ig_0f_0_0", **expected}


def test_a_draft_says_so_at_its_end_and_is_not_sent_again() -> None:
    _, items = fed(picture(b"A", thought=True))
    assert [(item["url"], item["provider_specific_fields"]) for item in items] == [("http://a/0/0", {"thought": True})]


def test_what_turns_out_to_be_no_picture_fails_as_one_and_comes_as_what_it_is() -> None:
    start = picture(b"A")[0]
    told, [failed, other] = fed([start], [picture(b"A", 0, "audio/wav")[-1]])
    assert told == [ADDED, ["output_item.done", "output_item.added", "output_item.done"], []]
    assert (failed["type"], failed["status"]) == (IG, "failed")
    [media] = other["provider_specific_fields"]["media"]
    assert (other["type"], media["mime_type"], media["url"]) == ("message", "audio/wav", "http://a/0/0")


def lost(*parts: list[Any]) -> tuple[list[tuple[str, Any]], Output]:
    """The events behind the end of an answer whose pictures turn out not to be kept."""
    [start], delivery = by_url()
    output = Output(0, delivery=delivery)
    assert isinstance(start, pb.Event)
    output.start(start.started)
    for event in [event for part in parts for event in part if isinstance(event, pb.Event)]:
        list(output.feed(event.WhichOneof("event"), event))
    delivery.lose()
    [end] = ended()
    told = []
    for name, fields, behind in output.feed("candidate_finished", end):
        told.append((name, json.loads(json.dumps(fields).encode()[:-1] + with_keys(behind) + b"}")))
    return told, output


def kept(part: int, *, thought: bool = False) -> list[Any]:
    image = {"mime_type": "image/png", "image_id": f"img-{part}", "width": 4, "height": 3}
    return picture(b"A", part, image=image, thought=thought)


def inside(part: int, **more: Any) -> dict[str, Any]:
    known = {"type": IG, "status": "completed", "output_format": "png", "size": "4x3"}
    return {"id": f"ig_0f_0_{part}", **known, "result": f"KEPT(0, {part})", **more}


def test_pictures_that_are_not_kept_are_done_once_more_with_their_bytes() -> None:
    told, output = lost(kept(0, thought=True), kept(1))
    items = [inside(0, provider_specific_fields={"thought": True}), inside(1)]
    assert told == [("output_item.done", {"output_index": at, "item": item}) for at, item in enumerate(items)]
    assert [json.loads(with_keys(item.pieces())) for item in output.items] == items
    assert output.needs == {(0, 0), (0, 1)}


def test_a_draft_that_is_not_kept_is_not_shown_twice() -> None:
    told, output = lost(kept(0, thought=True))
    item = inside(0, provider_specific_fields={"thought": True})
    assert told == [("output_item.done", {"output_index": 0, "item": item})]
    assert [json.loads(with_keys(item.pieces())) for item in output.items] == [item]
