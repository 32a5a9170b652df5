"""Answers of /v1/images: final pictures, and drafts as partial images."""

import json
from typing import Any

import pytest

from imagewire_server.contract import errors, pb
from imagewire_server.contract.errors import Withheld
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.formats.openai.common.encoder import ImageRef
from imagewire_server.formats.openai.images.answer import Drawn, ImagesStream, answer, tier, usage
from tests.unit.formats.openai.answered import (
    STARTED,
    by_url,
    ended,
    finished,
    native,
    picture,
    steps,
    streamed,
    text,
    with_keys,
)

OWN = "provider_specific_fields"
NONE = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_tokens_details": {"text_tokens": 0, "image_tokens": 0},
    "output_tokens_details": {"text_tokens": 0, "image_tokens": 0},
}
FREE = {**NONE, "cost": 0.0, "cost_nano_usd": 0}


def events(*parts: list[Any], **end: Any) -> list[StreamEvent]:
    return [STARTED, *(event for part in parts for event in part), *ended(), *finished(**end)]


def drawn(*parts: list[Any], **end: Any) -> Drawn:
    made = Drawn()
    for event in events(*parts, **end):
        if isinstance(event, pb.Event):
            made.add(event.WhichOneof("event"), event)
    return made


def written(runs: list[Drawn], failures: list[errors.Error]) -> Any:
    """The answer, with the key of each picture in place of its bytes."""
    pieces = [piece for run in answer(runs, failures, "id") for piece in run]
    return json.loads(b"".join(f"{piece.key}".encode() if isinstance(piece, ImageRef) else piece for piece in pieces))


DRAFT, FIRST, SECOND = (picture(b"abc", part, thought=part == 0) for part in (0, 1, 2))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([FIRST], [(0, 1)]),
        ([DRAFT, FIRST], [(0, 1)]),
        ([FIRST, SECOND], [(0, 1), (0, 2)]),
        ([DRAFT], [(0, 0)]),  # the last draft, if there is nothing else
        ([text("A", 5), FIRST, picture(b"A", 7, "audio/wav")], [(0, 1)]),
    ],
)
def test_the_pictures_of_a_call(parts: list[Any], expected: list[Any]) -> None:
    run = drawn(*parts)
    assert [one.key for one in run.pictures()] == expected
    assert set(run.needs) == {*expected, *run.beside.media}
    assert [one["b64_json"] for one in written([run], [])["data"]] == [str(key) for key in expected]


def test_bytes_are_kept_as_long_as_they_may_be_needed() -> None:
    made = Drawn()
    seen = []
    for event in (*DRAFT, *FIRST, *SECOND):
        if isinstance(event, pb.Event):
            made.add(event.WhichOneof("event"), event)
            seen.append(set(made.needs))
    assert seen == [{(0, 0)}, {(0, 0)}, {(0, 0), (0, 1)}, {(0, 1)}, {(0, 1), (0, 2)}, {(0, 1), (0, 2)}]
    assert [one.key for one in made.take_earlier()] == [(0, 1)]
    assert set(made.needs) == {(0, 2)}
    assert made.take_earlier() == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([*ended("OTHER", finish_message="Sorry"), *finished()], " (OTHER: Sorry)"),
        ([*text("No"), *ended("STOP"), *finished()], " (STOP)"),
        (finished(prompt_feedback={"block_reason": "SAFETY"}), " (the prompt was blocked, SAFETY)"),
        (finished(), ""),
    ],
)
def test_no_picture_is_an_error_with_the_reason(given: list[pb.Event], why: str) -> None:
    made = Drawn()
    *before, last = [STARTED, *given]
    for event in before:
        made.add(event.WhichOneof("event"), event)
    with pytest.raises(Withheld) as caught:
        made.add("finished", last)
    words = f"no picture was drawn{why}: change the prompt; /v1/chat/completions shows the text"
    assert str(caught.value) == words


def used(**fields: Any) -> pb.Usage:
    return pb.Usage(**fields)


BOTH = used(
    prompt_tokens=10,
    tool_use_prompt_tokens=1,
    candidates_tokens=20,
    thoughts_tokens=2,
    total_tokens=33,
    prompt_tokens_details=[{"modality": "TEXT", "tokens": 10}],
    candidates_tokens_details=[{"modality": "IMAGE", "tokens": 20}],
    cost_usd=0.5,
    cost_nano_usd=500_000_000,
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], NONE),
        (
            [BOTH, BOTH],
            {
                "input_tokens": 22,
                "output_tokens": 44,
                "total_tokens": 66,
                "input_tokens_details": {"text_tokens": 20, "image_tokens": 0},
                "output_tokens_details": {"text_tokens": 0, "image_tokens": 40},
                "cost": 1.0,
                "cost_nano_usd": 1_000_000_000,
            },
        ),
        (
            [used(), BOTH, used()],
            {**NONE, "input_tokens": 11, "output_tokens": 22, "total_tokens": 33}
            | {
                "input_tokens_details": {"text_tokens": 10, "image_tokens": 0},
                "output_tokens_details": {"text_tokens": 0, "image_tokens": 20},
            },
        ),
        ([used(cost_usd=0.0, cost_nano_usd=0)], FREE),
        (
            [used(prompt_tokens_details=[{"modality": "AUDIO", "tokens": 3}])],
            {**NONE, "input_tokens_details": {"text_tokens": 0, "image_tokens": 0, "audio_tokens": 3}},
        ),
    ],
)
def test_the_usage_of_calls_is_their_sum(given: list[pb.Usage], expected: dict[str, Any]) -> None:
    assert usage(given) == expected


def test_a_cost_is_unknown_if_that_of_any_call_is() -> None:
    assert not usage([used(cost_usd=1.0), used()]).keys() & {"cost", "cost_nano_usd"}


def test_the_service_tier() -> None:
    assert tier(used()) == {}
    assert tier(used(service_tier="STANDARD")) == {"service_tier": "default"}


def test_several_calls_are_one_answer() -> None:
    image = {"mime_type": "image/png", "width": 4, "height": 3}
    elsewhere = picture(b"", 1, image={"uri": "gs://b/a", "mime_type": "image/png"})
    runs = [
        drawn(picture(b"abc", image=image), usage={"service_tier": "flex", "total_tokens": 3}),
        drawn(elsewhere, native(2), usage={"total_tokens": 4}),
    ]
    made = written(runs, [errors.Overloaded("full")])
    assert made == {
        "created": 1_700_000_000,
        "data": [
            {"b64_json": "(0, 0)"},
            {"url": "gs://b/a", OWN: {"native_parts": [{"index": 0, "part": 2, "kind": "code", "value": [1]}]}},
        ],
        "output_format": "png",
        "size": "4x3",
        "usage": {**NONE, "total_tokens": 7},
        "service_tier": "flex",
        "errors": [
            {"message": "full", "type": "rate_limit_error", "param": None, "code": "overloaded", "request_id": "id"}
        ],
    }
    assert [len([p for p in pieces if isinstance(p, ImageRef)]) for pieces in answer(runs, [], "id")] == [1, 0, 0]


def event(name: str, data: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A server-sent event of a picture."""
    said = {"created_at": 1_700_000_000, "background": "opaque", "quality": "auto", "output_format": "png"}
    kind = f"image_generation.{name}"
    return kind, {"type": kind, **said, **more, "b64_json": data}


@pytest.mark.parametrize("drafts", [0, 1, 3])
def test_drafts_are_partial_images(drafts: int) -> None:
    parts = [picture(b"abc", thought=True), picture(b"def", 1, thought=True), picture(b"ghi", 2)]
    told = streamed("".join(steps(ImagesStream("image_generation", "id", drafts=drafts), events(*parts))))
    assert told == [
        *[
            event("partial_image", data, partial_image_index=index)
            for index, data in enumerate(["YWJj", "ZGVm"][:drafts])
        ],
        event("completed", "Z2hp", usage=NONE),
    ]


def test_the_usage_is_in_the_last_picture_only() -> None:
    end = {"usage": {"total_tokens": 3, "service_tier": "flex"}, "continuation_token": b"A"}
    made = steps(ImagesStream("image_edit", "id", drafts=0), events(picture(b"abc"), picture(b"def", 1), **end))
    [first, last] = streamed("".join(made))
    assert (first[0], first[1]["b64_json"], first[1]["usage"]) == ("image_edit.completed", "YWJj", NONE)
    assert last[1]["usage"] == {**NONE, "total_tokens": 3}
    assert (last[1]["b64_json"], last[1]["service_tier"]) == ("ZGVm", "flex")
    assert last[1][OWN] == {"continuation_token": "QQ=="}
    assert not first[1].keys() & {"service_tier", OWN}
    # The first is sent as soon as the second is complete.
    assert [number for number, said in enumerate(made) if said] == [8, 10]


def test_a_stream_fails_with_an_event() -> None:
    stream = ImagesStream("image_generation", "id", drafts=1)
    assert stream.feed_chunk(Chunk("image_chunk", 0, 0, 0, b"A")) == []
    assert stream.at_event_boundary
    [piece] = stream.fail(errors.Withheld("no picture"))
    assert isinstance(piece, bytes)
    [(name, body)] = streamed(piece.decode())
    assert (name, body["type"], body["error"]["message"]) == ("error", "error", "no picture")


def test_pictures_as_urls() -> None:
    [first, last] = answer([drawn(picture(b"abc"))], [], "id", as_url=True)
    joined = b"".join(b"KEPT" if isinstance(piece, ImageRef) else piece for piece in [*first, *last])
    assert json.loads(joined)["data"] == [{"url": "data:image/png;base64,KEPT"}]


def test_pictures_that_are_not_kept_are_completed_inside_the_answer() -> None:
    [start], delivery = by_url()
    stream = ImagesStream("image_generation", "id", drafts=2, delivery=delivery)
    parts = [picture(b"", part, image={"mime_type": "image/png", "image_id": f"img-{part}"}) for part in (0, 1)]
    before = streamed("".join(steps(stream, [start, *parts[0], *parts[1]])))
    assert [(name.partition(".")[2], said["url"], said.get("image_id")) for name, said in before] == [
        ("partial_image", "http://a/0/0", None),
        ("partial_image", "http://a/0/1", None),
        ("completed", "http://a/0/0", "img-0"),
    ]
    delivery.lose()
    told = [stream.feed(one.WhichOneof("event"), one) for one in (*ended(), *finished(usage={"total_tokens": 3}))]
    shown = streamed(b"".join(with_keys(pieces) for pieces in told).decode())
    assert shown == [
        event("completed", "KEPT(0, 0)", usage=NONE),
        event("completed", "KEPT(0, 1)", usage={**NONE, "total_tokens": 3}),
    ]


def test_a_picture_alone_that_is_not_kept_is_completed_once() -> None:
    [start], delivery = by_url()
    stream = ImagesStream("image_edit", "id", drafts=0, delivery=delivery)
    steps(stream, [start, *picture(b"", image={"mime_type": "image/png", "image_id": "img-0"})])
    delivery.lose()
    [last] = [stream.feed(one.WhichOneof("event"), one) for one in finished()]
    [(name, said)] = streamed(with_keys(last).decode())
    assert (name, said["b64_json"], said.keys() & {"url", "image_id"}) == ("image_edit.completed", "KEPT(0, 0)", set())
