"""What the body of a chat request may hold."""

from typing import Any

import msgspec
import pytest

from imagewire_server.formats.openai.chat.request import ImagePart, Message, TextPart
from imagewire_server.formats.openai.common.json_decode import convert
from tests.unit.formats.openai.asked import refusals

MESSAGE = {"role": "user", "content": "A"}


def test_a_content_is_text_or_parts() -> None:
    parts = [{"type": "text", "text": "A"}, {"type": "image_url", "image_url": "U"}]
    assert convert({"role": "user", "content": parts}, Message).content == [TextPart("A"), ImagePart("U")]
    assert convert(MESSAGE, Message) == Message(role="user", content="A")
    assert msgspec.to_builtins(Message(role="user", content="A")) == MESSAGE  # nothing else is written


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"messages": None}, "messages", "expected `array`, got `null`"),
        ({"messages": "A"}, "messages", "expected `array`, got `str`"),
        ({"messages": [None]}, "messages[0]", "expected `object`, got `null`"),
        ({"messages": [{"content": "A"}]}, "messages[0].role", "is required"),
        (
            {"messages": [{"role": "bot", "content": "A"}]},
            "messages[0].role",
            '\'bot\' is not supported; use "assistant", "developer", "system", "tool", "user" or leave it out',
        ),
        ({"messages": [{**MESSAGE, "content": 1}]}, "messages[0].content", "expected `str | array | null`, got `int`"),
        ({"messages": [{**MESSAGE, "content": [{"text": "A"}]}]}, "messages[0].content[0].type", "is required"),
        (
            {"messages": [{**MESSAGE, "content": [{"type": "input_audio"}]}]},
            "messages[0].content[0].type",
            '\'input_audio\' is not supported; use "text", "image_url", "file" or leave it out',
        ),
        (
            {"messages": [{**MESSAGE, "content": [{"type": "image_url", "image_url": {}}]}]},
            "messages[0].content[0].image_url.url",
            "is required",
        ),
        (
            {"messages": [{**MESSAGE, "contents": "A"}]},
            "messages[0].contents",
            "is an unknown field; leave it out; did you mean 'content'?",
        ),
        ({"n": 2**31}, "n", "expected `int` <= 2147483647"),
        ({"temperature": "hot"}, "temperature", "expected `float | null`, got `str`"),
        ({"thinking": {}}, "thinking.type", "is required"),
        ({"functions": [{"name": "f"}]}, "functions", "is OpenAI's older form of tools; send tools"),
        (
            {"function_call": {"name": "f"}},
            "function_call",
            "is OpenAI's older form of tool_choice; send tool_choice",
        ),
        (
            {"store": True},
            "store",
            "True is not supported; use false or leave it out",
        ),
        (
            {"tool_choice": {"type": "function", "function": {}}},
            "tool_choice.function.name",
            "is required",
        ),
        (
            {"modalities": ["audio"]},
            "modalities[0]",
            "'audio' is not supported; use text, image or leave it out",
        ),
    ],
    ids=str,
)
def test_a_wrong_field_is_refused(fields: dict[str, Any], field: str, words: str) -> None:
    assert refusals("chat", **fields) == [(field, words)]
