"""The small translations from our answer to OpenAI's: ids, finish reasons, usage, calls."""

from typing import Any

import msgspec

from imagewire_server.contract import pb
from imagewire_server.contract.json_values import plain

Json = dict[str, Any]
# A call that the model gave no id gets one of ours, which is taken off again when it comes back.
OWN_CALL_ID = "call_imagewire_"

_R = pb.FinishReason
_FINISH_REASONS = {
    _R.FINISH_REASON_STOP: "stop",
    _R.FINISH_REASON_MAX_TOKENS: "length",
    _R.FINISH_REASON_TOOL_CALLS: "tool_calls",
}


def encoded(value: Any) -> bytes:
    """A value as JSON."""
    return msgspec.json.encode(value)


def completion_id(started: pb.Started) -> str:
    """The id of an answer: ours ("cmpl-…") as OpenAI's ("chatcmpl-…")."""
    return f"chat{started.completion_id}"


def finish_reason(reason: pb.FinishReason) -> str:
    """OpenAI's word; what it has none for ended with less than was asked, and the native reason stands beside it."""
    return _FINISH_REASONS.get(reason, "content_filter")


def ending(end: pb.CandidateFinished) -> Json:
    """Why a choice ended, and what the provider's filters and searches said of it."""
    made: Json = {"finish_reason": finish_reason(end.finish_reason)}
    if end.native_finish_reason:
        made["native_finish_reason"] = end.native_finish_reason
    if end.finish_message:
        made["finish_message"] = end.finish_message
    if end.safety_ratings:
        made["safety_ratings"] = ratings(end.safety_ratings)
    for name in ("grounding_metadata", "citation_metadata"):
        if end.HasField(name):
            made[name] = plain(getattr(end, name))
    return made


def blocked(feedback: pb.PromptFeedback) -> Json:
    """The ending of the choice that stands for an answer to a blocked prompt."""
    made: Json = {"finish_reason": "content_filter", "native_finish_reason": feedback.block_reason}
    if feedback.block_reason_message:
        made["finish_message"] = feedback.block_reason_message
    if feedback.safety_ratings:
        made["safety_ratings"] = ratings(feedback.safety_ratings)
    return made


def ratings(given: Any) -> list[Json]:
    """Safety ratings."""
    return [{"category": r.category, "probability": r.probability, "blocked": r.blocked} for r in given]


def usage(given: pb.Usage) -> Json:
    """Usage of a chat: thoughts are part of completion_tokens, as OpenAI counts. cost: US dollars, where known."""
    made: Json = {
        "completion_tokens": given.candidates_tokens + given.thoughts_tokens,
        "prompt_tokens": given.prompt_tokens + given.tool_use_prompt_tokens,
        "total_tokens": given.total_tokens,
        "prompt_tokens_details": {
            **modalities(given.prompt_tokens_details),
            "cached_tokens": given.cached_content_tokens,
        },
        "completion_tokens_details": {
            **modalities(given.candidates_tokens_details),
            "reasoning_tokens": given.thoughts_tokens,
        },
    }
    if given.HasField("cost_usd"):
        made["cost"] = given.cost_usd
    return made


def modalities(details: Any) -> Json:
    """Tokens by modality; text and image are always there."""
    return {"text_tokens": 0, "image_tokens": 0} | {f"{d.modality.lower()}_tokens": d.tokens for d in details}


def tool_call(call: pb.FunctionCall, completion: str, part: int, index: int) -> Json:
    """A call of the model's; index: its place among the answer's calls."""
    return {
        "index": index,
        "id": call.id or f"{OWN_CALL_ID}{completion.rpartition('-')[2]}_{part}",
        "type": "function",
        "function": {"name": call.name, "arguments": encoded(plain(call.args)).decode()},
    }
