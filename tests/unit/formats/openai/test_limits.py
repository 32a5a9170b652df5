"""Lists and texts of requests have limits, and what is within them is read once."""

import json
from typing import Any

import pytest

from tests.unit.formats.openai.asked import refusals, spec


def said(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", "content": "A", **fields}]}


LONG = [{"type": "text", "text": "A"}] * 4097
TURN = {"role": "user", "content": [{"type": "text", "text": "A"}] * 4096}


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (
            "chat",
            {"messages": [{"role": "user", "content": LONG}]},
            "messages[0].content: expected `array` of length <=",
        ),
        (
            "chat",
            {"messages": [{"role": "user", "content": "A"}] * 4097},
            "messages: expected `array` of length <= 4096",
        ),
        ("chat", {"messages": [TURN] * 5}, "messages[4]: makes the chat longer than 16384 parts"),
        (
            "chat",
            said(provider_specific_fields={"parts": ["text:0"] * 4097}),
            "messages[0].provider_specific_fields.par",
        ),
        ("chat", said(provider_specific_fields={"parts": ["text:" + "1" * 5000]}), "does not match the message"),
        ("chat", said(provider_specific_fields={"parts": ["text:-1"]}), "does not match the message"),
        ("chat", {"metadata": {f"a{i}": "" for i in range(65)}}, "metadata: expected `object` of length <= 64"),
        ("chat", {"extra_body": {"a": [[0] * 1000] * 101}}, "body: holds more than 100000 values"),
        (
            "responses",
            {"input": [{"role": "user", "content": "A"}] * 4097},
            "input: expected `array` of length <= 4096",
        ),
        (
            "responses",
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": "A"}] * 4096}] * 5},
            "input[4]: makes the input longer than 16384 parts",
        ),
    ],
)
def test_lists_have_an_end(kind: str, fields: dict[str, Any], words: str) -> None:
    [told] = [f"{field}: {said}" for field, said in refusals(kind, **fields)]
    assert words in told
    assert len(told) < 300


def test_a_layout_is_gone_through_once() -> None:
    text = "ab" * 2000
    made = spec("chat", **said(content=text, provider_specific_fields={"parts": ["text:1"] * 4000}))
    assert "".join(part.text for part in made.messages[0].parts) == text


def test_json_inside_texts_counts_too() -> None:
    calls = [{"id": "1", "function": {"name": "f", "arguments": json.dumps({"a": [0] * 30_000})}}]
    turn = {"role": "assistant", "tool_calls": calls}
    assert spec("chat", messages=[turn] * 3)
    [(field, words)] = refusals("chat", messages=[turn] * 4)
    assert field == "messages[3].tool_calls[0].function.arguments"
    assert words.startswith("holds more than 100000 values")


def test_a_result_that_is_no_json_is_one_text() -> None:
    result = {"role": "tool", "tool_call_id": "1", "name": "f", "content": "a,b,c\n" * 100_000}
    (part,) = spec("chat", messages=[{"role": "user", "content": "A"}, result]).messages[1].parts
    assert part.function_response.response["result"] == result["content"]
