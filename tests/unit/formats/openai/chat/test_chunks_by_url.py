"""A chat's pictures by URL: each event is sent when its picture begins; what it did not know follows."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.chat.answer import ImageFields
from imagewire_server.formats.openai.chat.chunks import ChatChunks
from tests.unit.formats.openai.answered import by_url, ended, finished, picture, steps, streamed, with_keys


def deltas(*parts: list[Any], images: bool = True) -> list[list[Any]]:
    """The deltas that each event of a part adds."""
    start, delivery = by_url()
    encoder = ChatChunks(ImageFields(image=False, images=images), "id", include_usage=False, delivery=delivery)
    events = [event for part in parts for event in part if isinstance(event, pb.Event)]
    told = steps(encoder, [*start, *events, *ended(), *finished()])
    assert encoder.needs == set()
    found = [streamed(one) if one else [] for one in told[1 : len(events) + 1]]
    return [[chunk["choices"][0]["delta"] for _, chunk in one] for one in found]


def entry(index: int = 0, part: int = 0, **more: Any) -> dict[str, Any]:
    url = {"url": f"http://a/0/{part}", "detail": "auto"}
    return {"images": [{"type": "image_url", "index": index, "image_url": url, **more}]}


def started(*, thought: bool = False) -> pb.Event:
    part = pb.PartStarted(kind=pb.PartKind.PART_KIND_IMAGE, mime_type="image/png", thought=thought)
    return pb.Event(part_started=part)


def test_a_picture_is_shown_when_it_begins() -> None:
    draft = [started(thought=True), picture(b"A", thought=True)[-1]]
    assert deltas(draft, picture(b"B", 1)) == [[entry(thought=True)], [], [entry(1, 1)], []]


def test_a_part_of_unknown_type_is_shown_at_its_end() -> None:
    assert deltas(picture(b"A", known=False)) == [[], [entry()]]


def test_without_images_none_is_shown() -> None:
    assert deltas(picture(b"A"), images=False) == [[], []]


@pytest.mark.parametrize(
    ("end", "late"),
    [
        (picture(b"A", 0, "audio/wav")[-1], {"mime_type": "audio/wav"}),
        (picture(b"A", thought=True)[-1], {"thought": True}),
    ],
    ids=["media", "draft"],
)
def test_what_was_not_known_when_it_began_follows_in_the_same_entry(end: pb.Event, late: dict[str, Any]) -> None:
    assert deltas([started(), end]) == [[entry()], [{"images": [{"index": 0, **late}]}]]


def test_a_chunk_that_is_an_event_adds_nothing() -> None:
    assert deltas([pb.Event(image_chunk={"data": b"A"})]) == [[]]


def test_pictures_that_are_not_kept_come_again_inside_before_the_answer_ends() -> None:
    [start], delivery = by_url()
    encoder = ChatChunks(ImageFields(image=True), "id", include_usage=False, delivery=delivery)
    made = {"mime_type": "image/png", "image_id": "img-1", "display_name": "cat"}
    begun, _, end = picture(b"A", image=made, thought=True)
    other, other_end = (one for one in picture(b"B", 1, candidate=1) if isinstance(one, pb.Event))
    steps(encoder, [start, begun, end, other, other_end])
    delivery.lose()
    told = [encoder.feed(event.WhichOneof("event"), event) for event in (*ended(), *ended(candidate=1), *finished())]
    shown = streamed(b"".join(with_keys(pieces) for pieces in told).decode())
    assert shown.pop() == ("", "[DONE]")
    first = {"url": "data:image/png;base64,KEPT(0, 0)", "detail": "auto", "display_name": "cat"}
    second = {"url": "data:image/png;base64,KEPT(1, 1)", "detail": "auto"}
    common = {"type": "image_url"}
    choices = [(one["index"], one["delta"]) for _, chunk in shown for one in chunk["choices"]]
    assert choices == [
        (0, {"images": [{**common, "index": 2, "image_url": first, "thought": True}]}),
        (0, {"image": first}),
        (1, {"images": [{**common, "index": 3, "image_url": second}]}),
        (1, {"image": second}),
        (0, {}),
        (1, {}),
    ]
