"""The small translations from Google's answer to ours: finish reasons, usage, ratings, feedback."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from imagewire_server.contract import pb
from imagewire_server.providers.google.wire.response_types import Feedback, Rating, Tokens, UsageMetadata

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

_R = pb.FinishReason
_MOST_TOKENS = 2**53
_NO_USAGE = UsageMetadata()
# Google's list grows; what is not here is OTHER, and the native word always goes through.
_FINISH_REASONS = {
    "STOP": _R.FINISH_REASON_STOP,
    "MAX_TOKENS": _R.FINISH_REASON_MAX_TOKENS,
    "CONTINUATION": _R.FINISH_REASON_MAX_TOKENS,  # the limit of one answer: the next goes on with its token
    **dict.fromkeys(
        (
            "SAFETY",
            "RECITATION",
            "LANGUAGE",
            "OTHER",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_OTHER",
            "IMAGE_RECITATION",
            "NO_IMAGE",
            "MODEL_ARMOR",
        ),
        _R.FINISH_REASON_CONTENT_FILTER,
    ),
}


def finish_reason(native: str, *, called: bool) -> pb.FinishReason:
    """The class of a native reason; called: whether the candidate holds a function call."""
    if called and native == "STOP":
        return _R.FINISH_REASON_TOOL_CALLS
    return _FINISH_REASONS.get(native, _R.FINISH_REASON_OTHER)


def usage(given: UsageMetadata) -> pb.Usage:
    """Usage with thoughts apart and each modality once; Google may count thoughts in, and list a modality twice."""
    prompt, thoughts = given.prompt_token_count or 0, given.thoughts_token_count or 0
    tools = given.tool_use_prompt_token_count or 0
    details = _by_modality(given.candidates_tokens_details)
    counted = sum(details.values())
    candidates = counted if given.candidates_token_count is None else given.candidates_token_count
    if 0 < thoughts <= candidates and prompt + tools + candidates == given.total_token_count:
        candidates -= thoughts
        if counted == candidates + thoughts and details.get("TEXT", 0) >= thoughts:
            details["TEXT"] -= thoughts
    if details.get("IMAGE") and sum(details.values()) < candidates:
        # What is listed for none is text; without pictures in the list nobody knows that.
        details["TEXT"] = details.get("TEXT", 0) + candidates - sum(details.values())
    made = pb.Usage(
        prompt_tokens=prompt,
        candidates_tokens=candidates,
        thoughts_tokens=thoughts,
        cached_content_tokens=given.cached_content_token_count or 0,
        tool_use_prompt_tokens=tools,
        total_tokens=given.total_token_count or 0,
        traffic_type=given.traffic_type or "",
        service_tier=given.service_tier or "",
    )
    _list(_by_modality(given.prompt_tokens_details), made.prompt_tokens_details)
    _list(details, made.candidates_tokens_details)
    _list(_by_modality(given.cache_tokens_details), made.cached_content_tokens_details)
    _list(_by_modality(given.tool_use_prompt_tokens_details), made.tool_use_prompt_tokens_details)
    return made


def merged(before: UsageMetadata, given: UsageMetadata) -> UsageMetadata:
    """What was said of usage so far, and what is said now, which wins. It may be either of both."""
    if before == _NO_USAGE:
        return given
    said = {name: value for name, value in msgspec.structs.asdict(given).items() if value is not None}
    return msgspec.structs.replace(before, **said)


def _by_modality(details: Iterable[Tokens] | None) -> dict[str, int]:
    """Tokens by modality, each once; nothing where they are more than can be."""
    sums: dict[str, int] = {}
    if not details:
        return sums
    for tokens in details:
        modality = tokens.modality.strip().upper()
        sums[modality] = sums.get(modality, 0) + tokens.token_count
    return sums if sum(sums.values()) <= _MOST_TOKENS else {}


def _list(sums: dict[str, int], into: "RepeatedCompositeFieldContainer[pb.ModalityTokens]") -> None:
    for modality, count in sums.items():
        into.add(modality=modality, tokens=count)


def ratings(given: Iterable[Rating]) -> list[pb.SafetyRating]:
    """Safety ratings."""
    return [_rating(rating) for rating in given]


def _rating(given: Rating) -> pb.SafetyRating:
    made = pb.SafetyRating(
        category=given.category, probability=given.probability, blocked=given.blocked, severity=given.severity
    )
    for name in ("probability_score", "severity_score"):
        score = getattr(given, name)
        if score is not None and math.isfinite(score):
            setattr(made, name, score)
    return made


def feedback(given: Feedback) -> pb.PromptFeedback:
    """Why a prompt was blocked."""
    return pb.PromptFeedback(
        block_reason=given.block_reason,
        block_reason_message=given.block_reason_message,
        safety_ratings=ratings(given.safety_ratings),
    )
