"""A response as one JSON object, and as server-sent events."""

from typing import Any

import msgspec
import pytest

from imagewire_server.contract import errors
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.formats.openai.common import response_types
from imagewire_server.formats.openai.responses.answer import ResponsesAnswer, ResponsesEvents
from imagewire_server.formats.openai.responses.request import ReasoningOptions, ResponsesRequest
from tests.unit.formats.openai.answered import STARTED, body, ended, finished, picture, steps, streamed, text

OWN = "provider_specific_fields"
REQUEST = ResponsesRequest(model="gemini/m", input="A banana")
# What a response says if nothing was requested.
PLAIN: dict[str, Any] = {
    "id": "resp_0f",
    "object": "response",
    "created_at": 1_700_000_000,
    "output": [],
    "model": "gemini/m",
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": False,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
    "usage": None,
    "user": None,
}


def whole(*parts: list[Any], end: list[Any] | None = None, request: ResponsesRequest = REQUEST, **last: Any) -> Any:
    events = [STARTED, *(event for part in parts for event in part), *(ended() if end is None else end)]
    made = body(ResponsesAnswer(request), [*events, *finished(**last)])
    msgspec.convert(made, response_types.Response)
    return made


def events_of(events: list[StreamEvent], drafts: int = 0) -> list[Any]:
    """The events; their sequence numbers are checked and left out."""
    encoder = ResponsesEvents(REQUEST, "id", drafts=drafts, asked_at=5)
    return numbered(streamed("".join(steps(encoder, events))))


def numbered(told: list[Any], first: int = 0) -> list[Any]:
    assert [fields.pop("sequence_number") for _, fields in told] == list(range(first, first + len(told)))
    assert all(fields["type"] == name for name, fields in told)
    return told


@pytest.mark.parametrize(
    ("end", "last", "expected"),
    [
        (ended(), {}, {"native_finish_reason": "STOP"}),
        (
            ended("MAX_TOKENS"),
            {},
            {
                "status": "incomplete",
                "incomplete_details": {"reason": "max_output_tokens"},
                "native_finish_reason": "MAX_TOKENS",
            },
        ),
        (
            ended("CONTENT_FILTER", finish_message="No"),
            {},
            {
                "status": "incomplete",
                "incomplete_details": {"reason": "content_filter"},
                "native_finish_reason": "CONTENT_FILTER",
                "finish_message": "No",
            },
        ),
        (
            [],
            {"prompt_feedback": {"block_reason": "SAFETY"}},
            {
                "status": "incomplete",
                "incomplete_details": {"reason": "content_filter"},
                "native_finish_reason": "SAFETY",
            },
        ),
        # A prompt that was rated and answered.
        (ended(), {"prompt_feedback": {"block_reason": "SAFETY"}}, {"native_finish_reason": "STOP"}),
        (
            ended(native_fields={"a": "1"}),
            {"continuation_token": b"A", "usage": {"service_tier": "STANDARD"}},
            {
                "native_finish_reason": "STOP",
                "service_tier": "default",
                OWN: {"continuation_token": "QQ==", "candidate": {"native_fields": {"a": 1}}},
                "usage": {
                    "input_tokens": 0,
                    "input_tokens_details": {"text_tokens": 0, "image_tokens": 0, "cached_tokens": 0},
                    "output_tokens": 0,
                    "output_tokens_details": {"text_tokens": 0, "image_tokens": 0, "reasoning_tokens": 0},
                    "total_tokens": 0,
                },
            },
        ),
        (
            ended(native_fields={"a": "1"}),
            {},
            {"native_finish_reason": "STOP", OWN: {"candidate": {"native_fields": {"a": 1}}}},
        ),
    ],
)
def test_how_a_response_ends(end: list[Any], last: dict[str, Any], expected: dict[str, Any]) -> None:
    made = whole(end=end, **last)
    if made["status"] == "incomplete" and made["incomplete_details"]["reason"] == "content_filter":
        [failed] = made.pop("output")
        made["output"] = []
        assert (failed["type"], failed["status"], failed["result"]) == ("image_generation_call", "failed", None)
        assert failed["error"]["code"] == expected["native_finish_reason"].lower()
    assert made == {**PLAIN, **expected}


def test_usage_in_the_words_of_responses() -> None:
    used = whole(
        usage={"prompt_tokens": 1, "candidates_tokens": 2, "thoughts_tokens": 3, "total_tokens": 6, "cost_usd": 0.5}
    )["usage"]
    assert (used["input_tokens"], used["output_tokens"], used["total_tokens"], used["cost"]) == (1, 5, 6, 0.5)
    assert used["output_tokens_details"]["reasoning_tokens"] == 3


def test_a_response_repeats_what_was_requested() -> None:
    asked: dict[str, Any] = {
        "instructions": "Be brief",
        "max_output_tokens": 5,
        "metadata": {"a": "b"},
        "temperature": 0.0,
        "tool_choice": "required",
        "top_p": 0.5,
        "user": "me",
    }
    request = ResponsesRequest(model="m", input="A", reasoning=ReasoningOptions(effort="low"), **asked)
    made = whole(request=request)
    assert {name: made[name] for name in asked} == asked
    assert made["reasoning"] == {"effort": "low", "summary": None}


def test_the_output_is_all_items() -> None:
    output = whole(text("A"), picture(b"abc", 1))["output"]
    assert [item["type"] for item in output] == ["message", "image_generation_call"]
    assert output[1]["result"] == "YWJj"


def test_nothing_is_written_before_the_end() -> None:
    encoder = ResponsesAnswer(REQUEST)
    events = [STARTED, *picture(b"abc"), *ended(), *finished()]
    *before, last = steps(encoder, events)
    assert set(before) == {""}
    assert last.startswith('{"id":"resp_0f"')
    assert encoder.feed_chunk(Chunk("image_chunk", 0, 0, 0, b"A")) == []


def test_a_stream_begins_and_ends_with_the_response() -> None:
    told = events_of([STARTED, *text("A"), *ended(), *finished(usage={"total_tokens": 3})])
    begun = {**PLAIN, "status": "in_progress"}
    assert told[0] == ("response.created", {"type": "response.created", "response": begun})
    assert told[1] == ("response.in_progress", {"type": "response.in_progress", "response": begun})
    name, last = told[-1]
    assert name == "response.completed"
    assert last["response"]["usage"]["total_tokens"] == 3
    items = [fields["item"] for name, fields in told if name == "response.output_item.done"]
    assert last["response"]["output"] == items


def test_a_stream_that_is_incomplete_says_so() -> None:
    name, last = events_of([STARTED, *ended("MAX_TOKENS"), *finished()])[-1]
    assert (name, last["response"]["status"]) == ("response.incomplete", "incomplete")


def test_a_picture_is_sent_when_it_is_complete() -> None:
    encoder = ResponsesEvents(REQUEST, "id", drafts=1, asked_at=5)
    assert encoder.at_event_boundary
    events = [STARTED, *picture(b"abc", thought=True), *picture(b"defg", 1), *ended(), *finished()]
    made = steps(encoder, events)
    quiet = [number for number, said in enumerate(made) if not said]
    assert quiet == [1, 2, 3, 5, 6, 7, 9]
    told = numbered(streamed("".join(made)))
    [partial] = [fields for name, fields in told if name.endswith("partial_image")]
    assert partial["partial_image_b64"] == "YWJj"
    assert [item.get("result") for item in told[-1][1]["response"]["output"]] == [None, "ZGVmZw=="]


ERROR = errors.Cut("the answer broke off")
SHOWN = {
    "message": "the answer broke off",
    "type": "api_error",
    "param": None,
    "code": "upstream_cut",
    "request_id": "id",
}
SHORT = {"code": "upstream_cut", "message": "the answer broke off"}


def failed(encoder: ResponsesEvents) -> str:
    return b"".join(piece for piece in encoder.fail(ERROR) if isinstance(piece, bytes)).decode()


def test_a_response_that_fails_before_it_begins_is_still_created_first() -> None:
    told = numbered(streamed(failed(ResponsesEvents(REQUEST, "cmpl-id", drafts=0, asked_at=5))))
    assert [name for name, _ in told] == ["response.created", "response.in_progress", "response.failed", "error"]
    response = {**PLAIN, "id": "resp_id", "created_at": 5}
    assert told[0][1]["response"] == {**response, "status": "in_progress"}
    assert told[2][1]["response"] == {**response, "status": "failed", "error": SHORT}
    assert told[3][1]["error"] == {**SHOWN, "request_id": "cmpl-id"}


def test_a_response_that_fails_has_no_output() -> None:
    encoder = ResponsesEvents(REQUEST, "id", drafts=0, asked_at=5)
    begun = streamed("".join(steps(encoder, [STARTED, *text("A")])))
    told = numbered(streamed(failed(encoder)), len(begun))
    assert told == [
        (
            "response.failed",
            {"type": "response.failed", "response": {**PLAIN, "status": "failed", "error": SHORT}},
        ),
        ("error", {"type": "error", "error": SHOWN, **SHORT}),
    ]
