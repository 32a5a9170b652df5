"""A chat's answer as server-sent events."""

import json
from typing import Any

import pytest

from imagewire_server.contract import errors, pb
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.formats.openai.chat.answer import ImageFields
from imagewire_server.formats.openai.chat.chunks import ChatChunks
from tests.unit.formats.openai.answered import (
    STARTED,
    answer,
    call,
    ended,
    finished,
    native,
    picture,
    steps,
    streamed,
    text,
)

HEAD = {"id": "chatcmpl-0f", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "gemini/m"}
STOP = {"finish_reason": "stop", "native_finish_reason": "STOP"}
OWN = "provider_specific_fields"


def encoder(*, usage: bool = False, **fields: bool) -> ChatChunks:
    return ChatChunks(ImageFields(**fields), "id", include_usage=usage)


def deltas(events: list[StreamEvent], **fields: bool) -> list[Any]:
    """The deltas between the first, with the role, and the last, which is empty."""
    told = streamed("".join(steps(encoder(**fields), events)))
    assert told[-1] == ("", "[DONE]")
    choices = []
    for _, chunk in told[:-1]:
        assert {name: chunk[name] for name in HEAD} == HEAD
        choices += chunk["choices"]
    assert choices[0] == {"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}
    assert choices[-1] == {"index": 0, "delta": {}, **STOP}
    assert all(choice["finish_reason"] is None for choice in choices[1:-1])
    return [choice["delta"] for choice in choices[1:-1]]


def url(data: str, kind: str = "image/png") -> dict[str, Any]:
    return {"url": f"data:{kind};base64,{data}", "detail": "auto"}


def images(index: int, data: str, **more: Any) -> dict[str, Any]:
    return {"images": [{"type": "image_url", "index": index, "image_url": url(data), **more}]}


CALL = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"n":1}'}}


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [images(0, "YWJj", thought=True), images(1, "ZGU="), {"image": url("ZGU=")}]),
        ({"image": False}, [images(0, "YWJj", thought=True), images(1, "ZGU=")]),
        ({"images": False}, [{"image": url("ZGU=")}]),
        ({"image": False, "images": False}, []),
    ],
    ids=str,
)
def test_pictures(fields: dict[str, bool], expected: list[Any], known: bool) -> None:
    events = answer(picture(b"abc", known=known, thought=True), picture(b"de", 1, known=known))
    assert deltas(events, **fields) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], []),
        ([text(["He", "re"])], [{"content": "He"}, {"content": "re"}]),
        ([text("hm", thought=True), text("A", 1)], [{"reasoning_content": "hm"}, {"content": "A"}]),
        ([call()], [{"tool_calls": [CALL]}]),
        ([text("A"), call(1)], [{"content": "A"}, {"tool_calls": [CALL]}]),
        (
            [native()],
            [
                {OWN: {"native_parts": [{"index": 0, "part": 0, "kind": "code", "value": [1]}]}},
                {OWN: {"parts": ["native"]}},
            ],
        ),
        (
            [picture(b"abc", 0, "audio/wav")],
            [
                {
                    OWN: {
                        "media": [
                            {"index": 0, "part": 0, "mime_type": "audio/wav", "url": url("YWJj", "audio/wav")["url"]}
                        ]
                    }
                },
                {OWN: {"parts": ["media"]}},
            ],
        ),
        (
            [text("A", thought_signature=b"A"), text("B", 1)],
            [
                {"content": "A"},
                {"content": "B"},
                {OWN: {"thought_signatures": ["QQ==", None], "parts": ["text:1", "text:1"]}},
            ],
        ),
    ],
)
def test_other_parts(parts: list[Any], expected: list[Any]) -> None:
    assert deltas(answer(*parts)) == expected


def test_the_line_of_a_picture_is_open_while_it_arrives() -> None:
    chunks = encoder()
    [started, first, more, last, *rest] = answer(picture(b"abcd"))
    assert steps(chunks, [started])[0].endswith("\n\n")
    assert (chunks.at_event_boundary, steps(chunks, [pb.Event(heartbeat={})])) == (True, [""])
    assert steps(chunks, [first])[0].endswith('"images":[{"type":"image_url","index":0,"image_url":{"url":"')
    assert not chunks.at_event_boundary
    assert steps(chunks, [more, last]) == ["data:image/png;base64,", "YWJj"]
    assert not chunks.at_event_boundary
    assert steps(chunks, rest[:1]) == ['ZA==","detail":"auto"}}]},"finish_reason":null}]}\n\n']
    assert chunks.at_event_boundary


def test_other_candidates_wait_for_the_end_of_the_line() -> None:
    first, second = picture(b"abc"), picture(b"de", candidate=1)
    events = [
        STARTED,
        first[0],
        *text("B", 1, candidate=1),
        *second,
        *first[1:],
        *text("A", 1),
        *ended("MAX_TOKENS", 1),
        *ended(),
        *finished(),
    ]
    told = streamed("".join(steps(encoder(image=False), events)))[:-1]
    assert [
        (choice["index"], choice["delta"], choice["finish_reason"]) for _, one in told for choice in one["choices"]
    ] == [
        (0, {"role": "assistant"}, None),
        (0, images(0, "YWJj"), None),
        (1, {"role": "assistant"}, None),
        (1, {"content": "B"}, None),
        (1, images(1, "ZGU="), None),
        (0, {"content": "A"}, None),
        (0, {OWN: {"parts": ["image", "text:1"]}}, None),
        (1, {}, "length"),
        (0, {}, "stop"),
    ]


def test_a_line_that_never_ends_is_followed_by_what_waited() -> None:
    first = picture(b"abc")
    events = [STARTED, first[0], *text("B", candidate=1)]
    chunks = encoder()
    steps(chunks, events)
    told = "".join(steps(chunks, [first[-1]]))
    line, *behind = told.removesuffix("\n\n").split("\n\n")
    assert line.endswith('"finish_reason":null}]}')
    assert [json.loads(one.removeprefix("data: "))["choices"][0]["delta"] for one in behind] == [
        {"role": "assistant"},
        {"content": "B"},
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [set(), {(0, 0)}, {(0, 0)}, {(0, 0), (0, 1)}, {(0, 1)}]),
        ({"image": False}, [set()] * 5),
        ({"images": False}, [set(), {(0, 0)}, {(0, 0)}, {(0, 0), (0, 1)}, {(0, 1)}]),
    ],
    ids=str,
)
def test_only_the_final_picture_is_kept(fields: dict[str, bool], expected: list[set[Any]]) -> None:
    """One set per event: the start, and the start and end of each picture."""
    chunks = encoder(**fields)
    seen = []
    for event in answer(picture(b"", 0), picture(b"", 1))[:5]:
        steps(chunks, [event])
        seen.append(set(chunks.needs))
    assert seen == expected


def test_bytes_of_other_candidates_are_kept() -> None:
    chunks = encoder(image=False)
    [begun, *_] = picture(b"", candidate=1)
    steps(chunks, [STARTED, *text("A"), begun, *picture(b"", 1)])
    assert set(chunks.needs) == {(1, 0)}


def test_chunks_of_a_picture_that_is_kept_add_nothing() -> None:
    chunks = encoder()
    [started, begun, *_] = answer(picture(b"abc", known=False))
    steps(chunks, [started, begun])
    assert chunks.feed_chunk(Chunk("image_chunk", 0, 0, 0, b"ab")) == []


def test_a_blocked_prompt() -> None:
    events = [STARTED, *finished(prompt_feedback={"block_reason": "SAFETY"})]
    told = [one["choices"] for _, one in streamed("".join(steps(encoder(), events)))[:-1]]
    assert told == [
        [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}],
        [{"index": 0, "delta": {"content": ""}, "finish_reason": None}],
        [{"index": 0, "delta": {}, "finish_reason": "content_filter", "native_finish_reason": "SAFETY"}],
    ]


@pytest.mark.parametrize("usage", [False, True])
def test_data_of_the_answer_is_in_its_last_chunks(usage: bool) -> None:
    end = finished(usage={"total_tokens": 3, "service_tier": "flex"}, continuation_token=b"A")
    *_, last, done = "".join(steps(encoder(usage=usage), [STARTED, *text("A"), *ended(), *end])).split("\n\n")[:-1]
    assert done == "data: [DONE]"
    told = json.loads(last.removeprefix("data: "))
    if usage:
        assert told["choices"] == []
        assert (told["usage"]["total_tokens"], told["service_tier"]) == (3, "flex")
        assert OWN not in told
    else:
        assert told["choices"] == [{"index": 0, "delta": {}, **STOP}]
        assert (told["service_tier"], told[OWN]) == ("flex", {"continuation_token": "QQ=="})
        assert "usage" not in told


def test_usage_that_the_provider_did_not_send_is_no_chunk() -> None:
    assert len("".join(steps(encoder(usage=True), answer(text("A")))).split("\n\n")) == len(
        "".join(steps(encoder(), answer(text("A")))).split("\n\n")
    )


def _failure(chunks: ChatChunks, error: errors.Error) -> str:
    return b"".join(piece for piece in chunks.fail(error) if isinstance(piece, bytes)).decode()


def test_a_failure_is_an_event_and_ends_an_open_line() -> None:
    error = errors.Cut("the answer broke off")
    shown = {
        "error": {
            "message": "the answer broke off",
            "type": "api_error",
            "param": None,
            "code": "upstream_cut",
            "request_id": "id",
        }
    }
    chunks = encoder()
    assert streamed(b"".join(chunks.fail(error)).decode()) == [("", shown)]  # type: ignore[arg-type]
    begun = "".join(steps(chunks, answer(picture(b"abc"))[:3]))
    [*_, cut, last] = streamed(begun + _failure(chunks, error))
    assert last == ("", shown)
    assert cut[1]["error"] == shown["error"]
    [choice] = cut[1]["choices"]
    assert choice["delta"]["images"][0]["image_url"]["url"] == "data:image/png;base64,!incomplete"
