"""What an answer used and cost, in OpenAI's shape and LiteLLM's, as the server's REST has it."""

from collections.abc import Iterable
from typing import Any

from imagewire.answer import Answer
from imagewire.litellm.record import Record
from imagewire.v1.usage_pb2 import ModalityTokens
from imagewire.v1.usage_pb2 import Usage as Used


class TokenDetails(Record):
    """Tokens by modality, and how many of a prompt's were cached, of an answer's thought."""

    text_tokens = 0
    image_tokens = 0
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None

    def __init__(self, counts: dict[str, int]) -> None:
        """counts: by their names; a modality may be new."""
        self.names = tuple(counts)
        vars(self).update(counts)


class Usage(Record):
    """Token counts. cost: US dollars, cost_nano_usd: billionths of one, None when the server knows no price.

    provider_specific_fields: counts that OpenAI's usage has no place for.
    """

    names = (
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
        "cost",
        "cost_nano_usd",
        "provider_specific_fields",
    )

    def __init__(self, answer: Answer) -> None:
        used = answer.usage
        self.prompt_tokens = used.prompt_tokens + used.tool_use_prompt_tokens
        self.completion_tokens = used.candidates_tokens + used.thoughts_tokens
        self.total_tokens = used.total_tokens
        no = {"text_tokens": 0, "image_tokens": 0}
        self.prompt_tokens_details = TokenDetails(
            no | _by_modality(used.prompt_tokens_details) | {"cached_tokens": used.cached_content_tokens}
        )
        self.completion_tokens_details = TokenDetails(
            no | _by_modality(used.candidates_tokens_details) | {"reasoning_tokens": used.thoughts_tokens}
        )
        self.cost = answer.cost
        self.cost_nano_usd = answer.cost_nano_usd
        self.provider_specific_fields = _others(used) or None


def _by_modality(given: Iterable[ModalityTokens]) -> dict[str, int]:
    return {f"{one.modality.lower()}_tokens": one.tokens for one in given}


def _others(used: Used) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if used.traffic_type:
        made["traffic_type"] = used.traffic_type
    if used.cached_answer:
        made["cached_answer"] = True
    if used.tool_use_prompt_tokens:
        made["tool_use_prompt_tokens"] = used.tool_use_prompt_tokens
    if used.cached_content_tokens_details:
        made["cached_content_tokens_details"] = _by_modality(used.cached_content_tokens_details)
    if used.tool_use_prompt_tokens_details:
        made["tool_use_prompt_tokens_details"] = _by_modality(used.tool_use_prompt_tokens_details)
    return made
