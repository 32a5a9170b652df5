"""Requests in OpenAI's shapes: each field moves the spec or is refused; what an answer says can be said back."""

import base64
import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.chat import decode as chat_decode
from imagewire_server.formats.openai.chat.answer import ChatAnswer, ImageFields
from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.formats.openai.common.json_decode import decode
from imagewire_server.formats.openai.common.spec_builder import in_callers_names
from imagewire_server.formats.openai.images import decode as images_decode
from imagewire_server.formats.openai.images.request import ImagesRequest
from imagewire_server.formats.openai.responses import decode as responses_decode
from imagewire_server.formats.openai.responses.answer import ResponsesAnswer
from imagewire_server.formats.openai.responses.request import ResponsesRequest
from tests.golden.cases import WHOLE, Case
from tests.golden.test_rest import events, folded, written
from tests.pictures import PNG

PNG_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
USER = [{"role": "user", "content": "A banana"}]
IMAGE_CONFIG = {"aspect_ratio": "16:9"}
SETTING = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}]
METHOD = [{**SETTING[0], "method": "SEVERITY"}]
OUTPUT = {"uri_prefix": "gs://bucket/folder/"}
TOKEN = base64.b64encode(b"go on").decode()
# What every endpoint takes.
COMMON: dict[str, Any] = {
    "service_tier": "flex",
    "safety_settings": METHOD,
    "safetySettings": SETTING,
    "output_config": OUTPUT,
    "outputConfig": {"outputUriPrefix": "gs://bucket/"},
    "continuation_token": TOKEN,
    "continuationToken": TOKEN,
}
FUNCTION = {"type": "function", "function": {"name": "f"}}

# What moves the spec. A field that is in none of the two tables below fails a test.
MOVES: dict[str, dict[str, Any]] = {
    "chat": {
        **COMMON,
        "model": "gemini/other",
        "messages": [{"role": "user", "content": "An apple"}],
        "modalities": ["image"],
        "image_config": IMAGE_CONFIG,
        "imageConfig": IMAGE_CONFIG,
        "aspect_ratio": "16:9",
        "size": "1024x1024",
        "n": 2,
        "seed": 0,
        "temperature": 0.0,
        "top_p": 0.5,
        "top_k": 3,
        "max_tokens": 5,
        "max_completion_tokens": 5,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.5,
        "stop": "END",
        "reasoning_effort": "low",
        "reasoning": {"max_tokens": 5},
        "include_reasoning": False,
        "thinking": {"type": "disabled"},
        "tools": [FUNCTION],
        "tool_choice": "none",
        "web_search_options": {},
        "media_resolution": "MEDIA_RESOLUTION_HIGH",
        "cached_content": "cachedContents/a",
        "user": "me",
        "metadata": {"a": "b"},
        "extra_body": {"x": 1},
    },
    "images": {
        **COMMON,
        "prompt": "An apple",
        "model": "gemini/other",
        "size": "1024x1024",
        "aspect_ratio": "16:9",
        "image_config": IMAGE_CONFIG,
        "imageConfig": IMAGE_CONFIG,
        "seed": 0,
        "partial_images": 1,
        "output_format": "jpeg",
        "output_compression": 50,
        "user": "me",
        "metadata": {"a": "b"},
        "extra_body": {"x": 1},
    },
    "responses": {
        **COMMON,
        "model": "gemini/other",
        "input": "An apple",
        "instructions": "Be brief",
        "tools": [{"type": "image_generation"}],
        "temperature": 0.0,
        "top_p": 0.5,
        "max_output_tokens": 5,
        "reasoning": {"effort": "low"},
        "metadata": {"a": "b"},
        "user": "me",
        "extra_body": {"x": 1},
    },
}
# What moves the answer instead, or asks for what is so anyway: any other value is refused.
ANSWER = {
    "chat": {
        "stream": True,
        "stream_options": {"include_usage": True},
        "parallel_tool_calls": True,
        "response_format": {"type": "text"},
        "usage": {"include": True},
        "logprobs": False,
        "store": False,
    },
    "images": {
        "n": 2,
        "stream": True,
        "response_format": "b64_json",
        "quality": "auto",
        "background": "auto",
        "moderation": "auto",
    },
    "responses": {
        "stream": True,
        "tool_choice": "auto",
        "text": {"format": {"type": "text"}},
        "parallel_tool_calls": True,
        "include": [],
        "store": False,
        "background": False,
        "truncation": "disabled",
    },
}
REFUSED = {"chat": {}, "images": {}, "responses": {"previous_response_id": "resp_1"}}
BASE = {
    "chat": {"model": "gemini/model", "messages": USER},
    "images": {"model": "gemini/model", "prompt": "A banana"},
    "responses": {"model": "gemini/model", "input": "A banana"},
}
KINDS: dict[str, Any] = {
    "chat": (ChatRequest, chat_decode.spec_of),
    "images": (ImagesRequest, images_decode.spec_of),
    "responses": (ResponsesRequest, responses_decode.spec_of),
}


def spec(kind: str, capabilities: Capabilities | None = None, **fields: Any) -> pb.Spec:
    request, spec_of = KINDS[kind]
    made: pb.Spec = spec_of(
        decode(json.dumps({**BASE[kind], **fields}).encode(), request), capabilities or Capabilities(id="m")
    ).spec
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_was_forgotten(kind: str) -> None:
    named = {field.encode_name for field in msgspec.structs.fields(KINDS[kind][0])}
    assert named == {*MOVES[kind], *ANSWER[kind], *REFUSED[kind]}


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in KINDS for field in MOVES[kind]])
def test_a_field_moves_the_spec(kind: str, field: str) -> None:
    moved = spec(kind, **{field: MOVES[kind][field]})
    assert moved != spec(kind)
    if field != "n":
        validation.check(moved)


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in KINDS for field in ANSWER[kind]])
def test_a_field_that_asks_for_what_is_so_changes_nothing(kind: str, field: str) -> None:
    assert spec(kind, **{field: ANSWER[kind][field]}) == spec(kind)
    assert spec(kind, **{field: None}) == spec(kind)
    for other in ("nonsense", {"no": "such"}, 77):
        with pytest.raises(InvalidRequest) as caught:
            spec(kind, **{field: other})
        assert caught.value.violations[0].field.startswith(field)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_field_is_refused_and_an_unknown_null_is_none(kind: str) -> None:
    assert spec(kind, invented=None) == spec(kind)
    with pytest.raises(InvalidRequest, match="invented"):
        spec(kind, invented=0)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"role": "user", "content": "x", "tool_calls": []}, "tool_calls"),
        ({"role": "user", "content": "x", "tool_call_id": "a"}, "tool_call_id"),
        ({"role": "user", "content": "x", "name": "me"}, "name"),
        ({"role": "user", "content": "x", "reasoning_content": "hm"}, "reasoning_content"),
        ({"role": "user", "content": "x", "provider_specific_fields": {}}, "provider_specific_fields"),
        ({"role": "user", "content": "x", "refusal": "no"}, "refusal"),
        ({"role": "user", "content": "x", "annotations": [{"type": "url"}]}, "annotations"),
        ({"role": "user", "content": "x", "invented": 1}, "invented"),
        ({"role": "assistant", "content": "x", "provider_specific_fields": {"parts": ["image"]}}, "provider_specific"),
        (
            {"role": "assistant", "content": "x", "provider_specific_fields": {"thought_signatures": ["a", "b"]}},
            "provider_specific",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "["}}]},
            "tool_calls[0]",
        ),
    ],
    ids=str,
)
def test_a_message_holds_nothing_that_would_be_lost(message: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        spec("chat", messages=[message])
    assert caught.value.violations[0].field.startswith(f"messages[0].{field}")


def test_a_users_own_image_field_is_a_picture() -> None:
    [message] = spec("chat", messages=[{**USER[0], "image": {"url": PNG_URL, "detail": "high"}}]).messages
    assert [part.WhichOneof("content") for part in message.parts] == ["text", "image"]
    assert message.parts[1].image.data == PNG
    assert message.parts[1].image.detail == pb.ImageDetail.IMAGE_DETAIL_HIGH


URL_FIELD = {"url": PNG_URL, "detail": "auto"}


@pytest.mark.parametrize("image", [{"image": URL_FIELD}, {"provider_specific_fields": {"image": URL_FIELD}}])
@pytest.mark.parametrize("images", [{}, {"images": [{"type": "image_url", "image_url": URL_FIELD}]}])
def test_a_final_picture_comes_back_from_where_clients_put_it(image: dict[str, Any], images: dict[str, Any]) -> None:
    said = {"role": "assistant", "content": "Here", **image, **images}
    message = spec("chat", messages=[*USER, said, *USER]).messages[1]
    assert [part.image.data for part in message.parts] == [b"", PNG]


@pytest.mark.parametrize("nothing", ["", None, [], [{"type": "text", "text": ""}]])
def test_a_message_that_says_nothing_is_passed_over(nothing: object) -> None:
    said = {"role": "assistant", "content": nothing}
    made = spec("chat", messages=[*USER, said, *USER])
    assert [message.role for message in made.messages] == [pb.Role.ROLE_USER] * 2
    if nothing is not None:
        content = [{**part, "type": "output_text"} for part in nothing] if isinstance(nothing, list) else nothing
        made = spec("responses", input=[*USER, {**said, "content": content}, *USER])
        assert [message.role for message in made.messages] == [pb.Role.ROLE_USER] * 2


def test_what_stands_behind_a_message_that_says_nothing_keeps_its_name() -> None:
    nothing = {"role": "assistant", "content": ""}
    wrong = {"role": "user", "content": [{"type": "image_url", "image_url": "gs://bucket/object"}]}
    request = {**BASE["chat"], "messages": [*USER, nothing, wrong]}
    reading = chat_decode.spec_of(decode(json.dumps(request).encode(), ChatRequest), Capabilities())
    with pytest.raises(InvalidRequest) as caught:
        validation.check(reading.spec, "spec")
    [violation] = in_callers_names(caught.value, reading.origins).violations
    assert violation.field == "messages[2].content[0].image_url.format"


def _said(parts: Any) -> list[Any]:
    """Parts, neighbouring unsigned texts as one: their border means nothing."""
    made: list[Any] = []
    for part in parts:
        kind = part.WhichOneof("content") or "text"
        value = {"text": part.text, "image": part.image.data, "function_call": part.function_call.name}[kind]
        told = [kind, part.thought, part.thought_signature, value]
        if made and kind == "text" and made[-1][:3] == told[:3] == ["text", part.thought, b""]:
            made[-1][3] += value
        elif value or part.thought_signature:
            made.append(told)
    return made


def _grpc_parts(answer: pb.CreateCompletionResponse) -> list[pb.Part]:
    message = answer.candidates[0].message
    for part in message.parts:
        if part.HasField("image") and not part.image.data:
            part.image.data = message.image.data
    return list(message.parts)


ANSWERED = [case for case in WHOLE if case.name != "prompt-blocked"]


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case.name)
def test_an_answer_said_back_is_the_answer(case: Case) -> None:
    expected = _grpc_parts(folded(case))
    message = json.loads(written(ChatAnswer(ImageFields()), events(case)))["choices"][0]["message"]
    if not expected:
        assert message == {"role": "assistant", "content": ""}
        return
    again = list(spec("chat", messages=[*USER, message]).messages[1].parts)
    if "provider_specific_fields" in message:
        assert _said(again) == _said(expected)
    else:
        # Without signatures the order is not kept: it is thoughts, text, pictures, calls.
        assert sorted(map(str, _said(again))) == sorted(map(str, _joined(_said(expected))))


def _joined(parts: list[Any]) -> list[Any]:
    texts: dict[bool, Any] = {}
    rest = []
    for part in parts:
        if part[0] != "text":
            rest.append(part)
        elif part[1] in texts:
            texts[part[1]][3] += part[3]
        else:
            texts[part[1]] = part
    return [*texts.values(), *rest]


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case.name)
def test_a_responses_items_said_back_are_the_answer(case: Case) -> None:
    request = ResponsesRequest(model="gemini/a-model", input="A banana")
    items = json.loads(written(ResponsesAnswer(request), events(case)))["output"]
    again = [part for message in spec("responses", input=[*USER, *items]).messages[1:] for part in message.parts]
    assert _said(again) == _said(_grpc_parts(folded(case)))


def test_an_unlisted_model_is_not_asked_for_drafts_that_it_may_refuse() -> None:
    assert spec("images", Capabilities(), partial_images=1) == spec("images")


@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for request, _ in KINDS.values():
        with contextlib.suppress(InvalidRequest):
            decode(body, request)
