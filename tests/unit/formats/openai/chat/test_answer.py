"""A chat's answer as one JSON object."""

import base64
import json
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.events import StreamEvent
from imagewire_server.formats.openai.chat.answer import ChatAnswer, ImageFields
from tests.unit.formats.openai.answered import (
    STARTED,
    answer,
    body,
    call,
    ended,
    finished,
    native,
    picture,
    steps,
    text,
)

HEAD = {"id": "chatcmpl-0f", "created": 1_700_000_000, "model": "gemini/m", "object": "chat.completion"}
STOP = {"finish_reason": "stop", "native_finish_reason": "STOP"}
ABC, DEF = base64.b64encode(b"abc").decode(), base64.b64encode(b"defg").decode()
OWN = "provider_specific_fields"


def url(data: str, **more: Any) -> dict[str, Any]:
    return {"url": f"data:image/png;base64,{data}", "detail": "auto", **more}


def entry(index: int, data: str, **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "index": index, "image_url": url(data), **more}


def choices(events: list[StreamEvent], fields: ImageFields | None = None) -> Any:
    made = body(ChatAnswer(fields or ImageFields()), events)
    return made["choices"]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], {"content": ""}),
        ([text(["He", "re"])], {"content": "Here"}),
        ([text("hm", thought=True), text("Here", 1)], {"content": "Here", "reasoning_content": "hm"}),
        ([picture(b"abc")], {"images": [entry(0, ABC)], "image": url(ABC), "content": ""}),
        ([picture(b"abc", known=False)], {"images": [entry(0, ABC)], "image": url(ABC), "content": ""}),
        (
            [picture(b"abc", thought=True), picture(b"defg", 1)],
            {"images": [entry(0, ABC, thought=True), entry(1, DEF)], "image": url(DEF), "content": ""},
        ),
        (
            [picture(b"abc"), picture(b"defg", 1, thought=True)],
            {"images": [entry(0, ABC), entry(1, DEF, thought=True)], "image": url(ABC), "content": ""},
        ),
        (
            [picture(b"abc", image={"uri": "gs://b/a", "mime_type": "image/png"}, known=False)],
            {
                "images": [
                    {
                        "type": "image_url",
                        "index": 0,
                        "image_url": {"url": "gs://b/a", "detail": "auto", "format": "image/png"},
                    }
                ],
                "image": {"url": "gs://b/a", "detail": "auto", "format": "image/png"},
                "content": "",
            },
        ),
        (
            [call(), native(1), picture(b"abc", 2, "audio/wav")],
            {
                "content": "",
                "tool_calls": [
                    {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"n":1}'}}
                ],
                OWN: {
                    "parts": ["tool_call", "native", "media"],
                    "native_parts": [{"index": 0, "part": 1, "kind": "code", "value": [1]}],
                    "media": [{"index": 0, "part": 2, "mime_type": "audio/wav", "url": f"data:audio/wav;base64,{ABC}"}],
                },
            },
        ),
    ],
)
def test_a_message(parts: list[Any], expected: dict[str, Any]) -> None:
    assert body(ChatAnswer(ImageFields()), answer(*parts)) == {
        **HEAD,
        "choices": [{"index": 0, "message": {"role": "assistant", **expected}, **STOP}],
    }


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (ImageFields(), {"images": [entry(0, ABC), entry(1, DEF)], "image": url(DEF)}),
        (ImageFields(images=False), {"image": url(DEF)}),
        (ImageFields(image=False), {"images": [entry(0, ABC), entry(1, DEF)]}),
        (ImageFields(image=False, images=False), {}),
    ],
    ids=["both", "image", "images", "none"],
)
def test_the_fields_of_pictures_are_chosen(fields: ImageFields, expected: dict[str, Any], known: bool) -> None:
    events = answer(picture(b"abc", known=known), picture(b"defg", 1, known=known))
    [choice] = choices(events, fields)
    assert choice["message"] == {"role": "assistant", "content": "", **expected}


def test_a_picture_is_written_while_it_arrives() -> None:
    events = answer(picture(b"abcd"))
    assert steps(ChatAnswer(ImageFields(image=False)), events)[:6] == [
        '{"id":"chatcmpl-0f","choices":[',
        '{"index":0,"message":{"role":"assistant","images":[{"type":"image_url","index":0,"image_url":{"url":"',
        "data:image/png;base64,",
        "YWJj",
        'ZA==","detail":"auto"}}',
        '],"content":""},"finish_reason":"stop","native_finish_reason":"STOP"}',
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (ImageFields(), [set(), {(0, 0)}, {(0, 0)}, {(0, 0), (0, 1)}, {(0, 1)}]),
        (ImageFields(image=False), [set()] * 5),
        (ImageFields(images=False), [set(), {(0, 0)}, {(0, 0)}, {(0, 0), (0, 1)}, {(0, 1)}]),
    ],
    ids=["both", "images", "image"],
)
def test_only_the_final_picture_is_kept(fields: ImageFields, expected: list[set[Any]]) -> None:
    """One set per event: the start, and the start and end of each picture."""
    encoder = ChatAnswer(fields)
    events = answer(picture(b"", 0), picture(b"", 1))
    seen = []
    for event in events[:5]:
        assert isinstance(event, pb.Event)
        encoder.feed(event.WhichOneof("event"), event)
        seen.append(set(encoder.needs))
    assert seen == expected


def test_several_candidates_are_written_one_after_another() -> None:
    first, second = picture(b"abc"), picture(b"defg", candidate=1)
    events = [
        STARTED,
        *text("A", 1),
        second[0],
        first[0],
        *second[1:-1],
        *first[1:-1],
        first[-1],
        second[-1],
        *text("B", 1, candidate=1),
        *ended("MAX_TOKENS", 1),
        *ended(),
        *finished(),
    ]
    # A heartbeat adds nothing, wherever it comes.
    events[2:2] = [pb.Event(heartbeat={})]
    made = choices(events)
    assert [(one["index"], one["finish_reason"], one["message"]["content"]) for one in made] == [
        (0, "stop", "A"),
        (1, "length", "B"),
    ]
    assert [one["message"]["images"] for one in made] == [[entry(0, ABC)], [entry(0, DEF)]]
    assert [one["message"]["image"] for one in made] == [url(ABC), url(DEF)]


def test_all_pictures_of_another_candidate_are_kept_until_they_are_written() -> None:
    others = [*picture(b"abc", candidate=1), *picture(b"defg", 1, candidate=1)]
    made = choices([STARTED, *text("A"), *others, *ended(), *ended(candidate=1), *finished()])
    assert made[1]["message"]["images"] == [entry(0, ABC), entry(1, DEF)]
    assert made[1]["message"]["image"] == url(DEF)


def test_what_is_no_picture_after_all_says_so() -> None:
    [choice] = choices(answer(picture(b"abc", image=None, media={"mime_type": "audio/wav"})))
    assert choice["message"] == {
        "role": "assistant",
        "images": [entry(0, ABC, mime_type="audio/wav")],
        "content": "",
    }


def test_a_blocked_prompt_is_a_choice_without_text() -> None:
    events = [STARTED, *finished(prompt_feedback={"block_reason": "SAFETY", "block_reason_message": "No"})]
    assert choices(events) == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": ""},
            "finish_reason": "content_filter",
            "native_finish_reason": "SAFETY",
            "finish_message": "No",
        }
    ]


def test_the_end_of_an_answer() -> None:
    end = finished(usage={"total_tokens": 3, "service_tier": "flex"}, continuation_token=b"A")
    made = body(ChatAnswer(ImageFields()), [STARTED, *text("A"), *ended(), *end])
    assert made["usage"]["total_tokens"] == 3
    assert made["service_tier"] == "flex"
    assert made[OWN] == {"continuation_token": "QQ=="}
    assert "usage" not in body(ChatAnswer(ImageFields()), answer(text("A")))


def test_an_event_without_content_adds_nothing() -> None:
    assert ChatAnswer(ImageFields()).feed(None, pb.Event()) == []
    assert json.loads("".join(steps(ChatAnswer(ImageFields()), answer(text("")))))["choices"][0]["message"] == {
        "role": "assistant",
        "content": "",
    }
