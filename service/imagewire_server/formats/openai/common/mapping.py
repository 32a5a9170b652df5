"""Small translations to OpenAI's format: ids, finish reasons, usage, calls."""

from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.json_values import plain
from imagewire_server.formats.openai.common import native_json, provider_fields
from imagewire_server.formats.openai.common.encoder import encoded

Json = dict[str, Any]
# A call without an id from the model gets one of ours, which is removed when it is sent back.
OWN_CALL_ID = "call_imagewire_"

_R = pb.FinishReason
_FINISH_REASONS = {
    _R.FINISH_REASON_STOP: "stop",
    _R.FINISH_REASON_MAX_TOKENS: "length",
    _R.FINISH_REASON_TOOL_CALLS: "tool_calls",
    _R.FINISH_REASON_CONTENT_FILTER: "content_filter",
}
# Google's names of service tiers, to OpenAI's.
_TIERS = {"standard": "default"}


def completion_id(started: pb.Started) -> str:
    """The id of an answer: our "cmpl-…" as OpenAI's "chatcmpl-…"."""
    return f"chat{started.completion_id}"


def finish_reason(reason: pb.FinishReason) -> str:
    """OpenAI's finish reason; "stop" if it has none for the provider's, which is in the native reason.

    "content_filter" would be wrong for these: OpenAI's clients discard such answers.
    """
    return _FINISH_REASONS.get(reason, "stop")


def ending(end: pb.CandidateFinished) -> Json:
    """Why a choice ended, with the provider's explanation."""
    made: Json = {"finish_reason": finish_reason(end.finish_reason)}
    if end.native_finish_reason:
        made["native_finish_reason"] = end.native_finish_reason
    if end.finish_message:
        made["finish_message"] = end.finish_message
    if native := native_json.native_fields(end.native_fields):
        made["provider_specific_fields"] = native
    return made | _said(end)


def candidate(end: pb.CandidateFinished) -> Json:
    """Safety ratings, search results and citations of a candidate, and its native fields."""
    return _said(end) | native_json.native_fields(end.native_fields)


def _said(end: pb.CandidateFinished) -> Json:
    made: Json = {}
    if given := end.safety_ratings:
        made["safety_ratings"] = ratings(given)
    for name in ("grounding_metadata", "citation_metadata"):
        if end.HasField(name):
            made[name] = plain(getattr(end, name))
    return made


def blocked(feedback: pb.PromptFeedback) -> Json:
    """The end of the choice that represents a blocked prompt."""
    made: Json = {"finish_reason": "content_filter", "native_finish_reason": feedback.block_reason}
    if feedback.block_reason_message:
        made["finish_message"] = feedback.block_reason_message
    if feedback.safety_ratings:
        made["safety_ratings"] = ratings(feedback.safety_ratings)
    return made


def ratings(given: Any) -> list[Json]:
    """Safety ratings, with scores and severity if the provider sent them."""
    return [_rating(rating) for rating in given]


def _rating(given: pb.SafetyRating) -> Json:
    made: Json = {"category": given.category, "probability": given.probability, "blocked": given.blocked}
    if given.HasField("probability_score"):
        made["probability_score"] = given.probability_score
    if given.severity:
        made["severity"] = given.severity
    if given.HasField("severity_score"):
        made["severity_score"] = given.severity_score
    return made


def service_tier(used: pb.Usage) -> str:
    """OpenAI's name of the service tier that served a call."""
    tier = used.service_tier.lower()
    return _TIERS.get(tier, tier)


def of_answer(finished: pb.Finished) -> Json:
    """What follows the usage at the top level of an answer: `service_tier`, and the provider's own fields."""
    made: Json = {}
    if finished.usage.service_tier:
        made["service_tier"] = service_tier(finished.usage)
    if extras := provider_fields.answer(finished):
        made["provider_specific_fields"] = extras
    return made


def usage(given: pb.Usage) -> Json:
    """Usage of a chat. completion_tokens include thoughts, as in OpenAI's API. cost: US dollars, if known."""
    made: Json = {
        "completion_tokens": given.candidates_tokens + given.thoughts_tokens,
        "prompt_tokens": given.prompt_tokens + given.tool_use_prompt_tokens,
        "total_tokens": given.total_tokens,
        "prompt_tokens_details": modalities(given.prompt_tokens_details),
        "completion_tokens_details": modalities(given.candidates_tokens_details),
    }
    made["prompt_tokens_details"]["cached_tokens"] = given.cached_content_tokens
    made["completion_tokens_details"]["reasoning_tokens"] = given.thoughts_tokens
    return made | costs(given)


def costs(given: pb.Usage) -> Json:
    """The cost of a call, if known, and counts that OpenAI's usage does not have."""
    made: Json = {}
    if given.HasField("cost_usd"):
        made["cost"] = given.cost_usd
    if given.HasField("cost_nano_usd"):
        made["cost_nano_usd"] = given.cost_nano_usd
    extras: Json = {}
    if given.traffic_type:
        extras["traffic_type"] = given.traffic_type
    if given.cached_answer:
        extras["cached_answer"] = True
    if given.tool_use_prompt_tokens:
        extras["tool_use_prompt_tokens"] = given.tool_use_prompt_tokens
    for name in ("cached_content_tokens_details", "tool_use_prompt_tokens_details"):
        if details := getattr(given, name):
            extras[name] = {f"{d.modality.lower()}_tokens": d.tokens for d in details}
    if extras:
        made["provider_specific_fields"] = extras
    return made


def modalities(details: Any) -> Json:
    """Tokens by modality; text and image are always present."""
    made = {"text_tokens": 0, "image_tokens": 0}
    for detail in details:
        made[f"{detail.modality.lower()}_tokens"] = detail.tokens
    return made


def tool_call(call: pb.FunctionCall, completion: str, part: int, index: int) -> Json:
    """A call of the model; index: its index among the answer's calls. Its arguments are text, so they stay exact."""
    arguments = call.args_json or encoded(plain(call.args)).decode()
    return {
        "index": index,
        "id": call.id or f"{OWN_CALL_ID}{completion.rpartition('-')[2]}_{part}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }
