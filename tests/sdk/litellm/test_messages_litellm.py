"""Messages of LiteLLM's own answers, sent back."""

from typing import Any

import pytest

from imagewire.errors import InvalidRequest
from imagewire.litellm.drops import Drops
from imagewire.litellm.messages import read_messages
from tests.litellm_thoughts import BESIDE


@pytest.mark.parametrize(("beside", "thoughts"), BESIDE)
def test_a_message_of_litellm_s(beside: dict[str, Any], thoughts: list[str]) -> None:
    own = {"thought_signatures": ["YQ==", "Yg==", "Yw=="]}
    said = {"role": "assistant", "content": "Here", "provider_specific_fields": own, **beside}
    [message] = read_messages([said], Drops(enabled=False))
    assert [part.text for part in message.parts if part.thought] == thoughts
    assert [part.text for part in message.parts if not part.thought] == ["Here"]


def test_what_no_message_can_have_is_refused_or_dropped() -> None:
    for name, value in (("thinking_blocks", [{"type": "redacted_thinking"}]), ("annotations", [{"type": "url"}])):
        said = {"role": "assistant", "content": "Here", name: value}
        with pytest.raises(InvalidRequest, match=rf"^messages\[0\]\.{name}"):
            read_messages([said], Drops(enabled=False))
        drops = Drops(enabled=True)
        [message] = read_messages([said], drops)
        assert ([part.text for part in message.parts], drops.names) == (["Here"], [f"messages[0].{name}"])


def test_what_litellm_keeps_of_other_answers_is_left_out_by_name() -> None:
    where = "messages[0].provider_specific_fields"
    own = {"thought_signatures": ["YQ=="], "citations": [[{"cited_text": "x"}]], "refusal": None, "annotations": []}
    drops = Drops(enabled=False)
    [message] = read_messages([{"role": "assistant", "content": "Here", "provider_specific_fields": own}], drops)
    assert [(part.text, part.thought_signature) for part in message.parts] == [("Here", b"a")]
    assert drops.names == [f"{where}.citations"]
