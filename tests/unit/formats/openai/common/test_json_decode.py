"""Requests made to hurt: names like paths, nulls by the thousand, lists without end; each is refused soon, by name."""

import base64
import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import pb
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.chat import decode as chat_decode
from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.formats.openai.common import json_decode
from imagewire_server.formats.openai.images import decode as images_decode
from imagewire_server.formats.openai.images.request import ImagesRequest
from imagewire_server.formats.openai.responses import decode as responses_decode
from imagewire_server.formats.openai.responses.request import ResponsesRequest
from tests.pictures import PNG

MODEL = {"model": "gemini/m"}


def chat(**fields: Any) -> pb.Spec:
    asked = {**MODEL, "messages": [{"role": "user", "content": "A"}], **fields}
    return chat_decode.spec_of(json_decode.decode(json.dumps(asked).encode(), ChatRequest), Capabilities()).spec


def images(**fields: Any) -> pb.Spec:
    asked = {**MODEL, "prompt": "A", **fields}
    return images_decode.spec_of(json_decode.decode(json.dumps(asked).encode(), ImagesRequest), Capabilities()).spec


def responses(**fields: Any) -> pb.Spec:
    asked = {**MODEL, "input": "A", **fields}
    return responses_decode.spec_of(
        json_decode.decode(json.dumps(asked).encode(), ResponsesRequest), Capabilities()
    ).spec


def item(**fields: Any) -> pb.Spec:
    return responses(input=[{"role": "user", "content": "A", **fields}])


def form(**fields: Any) -> None:
    json_decode.convert({**MODEL, "prompt": "A", **fields}, ImagesRequest, text=True)


def said(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", "content": "A", **fields}]}


def refusal(ask: Any, **fields: Any) -> str:
    with pytest.raises(InvalidRequest) as caught:
        ask(**fields)
    return f"{caught.value.violations[0].field}: {caught.value.violations[0].description}"


every_kind = pytest.mark.parametrize("ask", [chat, images, responses, item, form])
LIKE_PATHS = [
    "a` - at `$.model",
    "a` - at `$.model.b",
    "a` - at `$[3]",
    "a` - at `$[x]",
    "` - at `$.messages[9].c",
    "`",
]


@every_kind
@pytest.mark.parametrize("name", LIKE_PATHS)
@pytest.mark.parametrize("value", [1, None])
def test_a_name_like_a_path_is_a_name(ask: Any, name: str, value: object) -> None:
    if value is None:
        ask(**{name: value})
    else:
        assert "is an unknown field" in refusal(ask, **{name: value})


@given(st.dictionaries(st.text(max_size=40) | st.sampled_from(LIKE_PATHS), st.none() | st.integers(), max_size=4))
def test_any_names_are_taken_or_refused(fields: dict[str, Any]) -> None:
    for ask in (chat, images, responses, item):
        try:
            ask(**fields)
        except InvalidRequest as error:
            named = all(violation.field for violation in error.violations)
        else:
            named = True
        assert named


def test_nulls_are_taken_out_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = 0
    convert = msgspec.convert

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal passes
        passes += 1
        return convert(*arguments, **named)

    monkeypatch.setattr(json_decode.msgspec, "convert", counted)
    many = {f"u{i}": None for i in range(500)}
    message = {"role": "user", "content": [{"type": "text", "text": "A", **many}] * 10, **many}
    assert chat(messages=[message] * 10, **many)
    assert passes == 2


LONG = [{"type": "text", "text": "A"}] * 4097
TURN = {"role": "user", "content": [{"type": "text", "text": "A"}] * 4096}


@pytest.mark.parametrize(
    ("ask", "fields", "words"),
    [
        (chat, {"messages": [{"role": "user", "content": LONG}]}, "messages[0].content: expected `array` of length <="),
        (chat, {"messages": [{"role": "user", "content": "A"}] * 4097}, "messages: expected `array` of length <= 4096"),
        (chat, {"messages": [TURN] * 5}, "messages[4]: makes the chat longer than 16384 parts"),
        (chat, said(provider_specific_fields={"parts": ["text:0"] * 4097}), "messages[0].provider_specific_fields.par"),
        (chat, said(provider_specific_fields={"parts": ["text:" + "1" * 5000]}), "does not match the message"),
        (chat, said(provider_specific_fields={"parts": ["text:-1"]}), "does not match the message"),
        (chat, {"metadata": {f"a{i}": "" for i in range(65)}}, "metadata: expected `object` of length <= 64"),
        (chat, {"extra_body": {"a": [[0] * 1000] * 101}}, "body: holds more than 100000 values"),
        (responses, {"input": [{"role": "user", "content": "A"}] * 4097}, "input: expected `array` of length <= 4096"),
        (
            responses,
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": "A"}] * 4096}] * 5},
            "input[4]: makes the input longer than 16384 parts",
        ),
    ],
)
def test_lists_have_an_end(ask: Any, fields: dict[str, Any], words: str) -> None:
    told = refusal(ask, **fields)
    assert words in told
    assert len(told) < 300


def test_a_layout_is_gone_through_once() -> None:
    text = "ab" * 2000
    made = chat(**said(content=text, provider_specific_fields={"parts": ["text:1"] * 4000}))
    assert "".join(part.text for part in made.messages[0].parts) == text


def test_d3_drafts_that_come_back_are_looked_up_once() -> None:
    def draft(number: int) -> dict[str, Any]:
        picture = base64.b64encode(PNG + number.to_bytes(1000)).decode()
        own = {"thought": True}
        return {"type": "image_generation_call", "id": "a", "result": picture, "provider_specific_fields": own}

    def seconds(count: int) -> float:
        asked = [draft(number % (count - 1)) for number in range(count)]
        begun = time.process_time()
        assert len(responses(input=asked).messages) == count - 1
        return time.process_time() - begun

    assert min(seconds(3200) for _ in range(3)) < 30 * min(seconds(400) for _ in range(3))


def test_d3_json_inside_texts_counts_too() -> None:
    calls = [{"id": "1", "function": {"name": "f", "arguments": json.dumps({"a": [0] * 30_000})}}]
    turn = {"role": "assistant", "tool_calls": calls}
    assert chat(messages=[turn] * 3)
    assert "messages[3].tool_calls[0].function.arguments: holds more than 100000 values" in refusal(
        chat, messages=[turn] * 4
    )


def test_d3_a_result_that_is_no_json_is_one_text() -> None:
    result = {"role": "tool", "tool_call_id": "1", "name": "f", "content": "a,b,c\n" * 100_000}
    (part,) = chat(messages=[{"role": "user", "content": "A"}, result]).messages[1].parts
    assert part.function_response.response["result"] == result["content"]
