"""What the body of a Responses request may hold."""

from typing import Any

import pytest

from tests.unit.formats.openai.asked import USER, refusals

CONTENT = '"input_text", "output_text", "refusal", "input_image", "input_file"'
DETAILS = '"auto", "high", "low", "medium", "original", "ultra_high"'
ROLES = '"assistant", "developer", "system", "user"'


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"input": None}, "input", "expected `str | array`, got `null`"),
        ({"input": {}}, "input", "expected `str | array`, got `object`"),
        ({"input": [None]}, "input[0]", "expected `object`, got `null`"),
        ({"input": ["A"]}, "input[0]", "expected `object`, got `str`"),
        (
            {"tools": [{"type": "mcp"}]},
            "tools[0].type",
            '\'mcp\' is not supported; use "image_generation", "function", "web_search" or leave it out',
        ),
        ({"tools": [{}]}, "tools[0].type", "is required"),
        ({"tools": [{"type": "function"}]}, "tools[0].name", "is required"),
        (
            {"tool_choice": {"type": "file_search"}},
            "tool_choice.type",
            '\'file_search\' is not supported; use "function", "image_generation" or leave it out',
        ),
        (
            {"text": {"format": {"type": "json_object"}}},
            "text.format.type",
            "'json_object' is not supported; use \"text\" or leave it out",
        ),
        (
            {"reasoning": {"summary": "long"}},
            "reasoning.summary",
            '\'long\' is not supported; use "auto", "concise", "detailed" or leave it out',
        ),
        ({"include": ["usage"] * 17}, "include", "expected `array` of length <= 16"),
        ({"max_tokens": 3}, "max_tokens", "is an unknown field; leave it out; did you mean 'max_output_tokens'?"),
        ({"background": True}, "background", "True is not supported; use false or leave it out"),
        ({"top_logprobs": 1}, "top_logprobs", "1 is not supported; use 0 or leave it out"),
    ],
    ids=str,
)
def test_a_wrong_field_is_refused(fields: dict[str, Any], field: str, words: str) -> None:
    assert refusals("responses", **fields) == [(field, words)]


@pytest.mark.parametrize(
    ("item", "field", "words"),
    [
        ({"content": "A"}, "role", "is required"),
        ({"role": "user"}, "content", "is required"),
        ({"role": "tool", "content": "A"}, "role", f"'tool' is not supported; use {ROLES} or leave it out"),
        ({"role": "user", "content": None}, "content", "expected `str | array`, got `null`"),
        ({"role": "user", "content": [{"type": "input_text"}]}, "content[0].text", "is required"),
        (
            {"role": "user", "content": [{"type": "input_image", "image_url": "https://a.example/b", "detail": "max"}]},
            "content[0].detail",
            f"'max' is not supported; use {DETAILS} or leave it out",
        ),
        (
            {"role": "user", "content": [{"type": "input_audio"}]},
            "content[0].type",
            f"'input_audio' is not supported; use {CONTENT} or leave it out",
        ),
        ({"type": "image_generation_call"}, "id", "is required"),
        ({"type": "image_generation_call", "id": "a", "result": 1}, "result", "expected `str | null`, got `int`"),
        ({"type": "function_call", "call_id": "a", "name": "f"}, "arguments", "is required"),
        ({"type": "function_call_output", "call_id": "a"}, "output", "is required"),
        ({"type": "reasoning"}, "summary", "is required"),
        ({"type": "reasoning", "summary": ["A"]}, "summary[0]", "expected `object`, got `str`"),
        (
            {"type": "reasoning", "summary": [], "encrypted_content": 1},
            "encrypted_content",
            "expected `str | null`, got `int`",
        ),
        (
            {
                "type": "function_call",
                "call_id": "a",
                "name": "f",
                "arguments": "{}",
                "provider_specific_fields": {"thoughts": 1},
            },
            "provider_specific_fields.thoughts",
            "is an unknown field; leave it out; did you mean 'thought'?",
        ),
    ],
    ids=str,
)
def test_a_wrong_item_is_refused_by_its_place(item: dict[str, Any], field: str, words: str) -> None:
    assert refusals("responses", input=[*USER, item]) == [(f"input[1].{field}", words)]
