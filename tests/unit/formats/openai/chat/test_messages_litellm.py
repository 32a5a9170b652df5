"""Messages of LiteLLM's own answers, sent back."""

from typing import Any

import pytest

from tests.litellm_thoughts import BESIDE, THOUGHTS
from tests.unit.formats.openai.asked import USER, reading, refused, spec


@pytest.mark.parametrize(("beside", "thoughts"), BESIDE)
def test_a_message_of_litellm_s(beside: dict[str, Any], thoughts: list[str]) -> None:
    said = {
        "role": "assistant",
        "content": "Here",
        "provider_specific_fields": {"thought_signatures": ["YQ==", "Yg=="]},
    }
    message = spec("chat", messages=[*USER, {**said, **beside}, *USER]).messages[1]
    assert [part.text for part in message.parts if part.thought] == thoughts
    assert [part.text for part in message.parts if not part.thought] == ["Here"]


def test_a_thinking_block_of_another_provider_is_refused_or_dropped() -> None:
    said = {"role": "assistant", "content": "Here", "thinking_blocks": [{"type": "redacted_thinking", "data": "x"}]}
    assert refused("chat", messages=[*USER, said, *USER]) == ["messages[1].thinking_blocks[0]"]
    dropped = reading("chat", messages=[*USER, said, *USER], drop_params=True).dropped
    assert dropped == ["messages[1].thinking_blocks[0]"]
    assert refused("chat", messages=[{**said, "role": "user", "thinking_blocks": THOUGHTS}]) == [
        "messages[0].thinking_blocks"
    ]
