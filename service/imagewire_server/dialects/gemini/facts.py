"""The small translations from Google's answer to ours: finish reasons, usage, ratings, feedback."""

from collections.abc import Iterable

from imagewire_server.contract import pb
from imagewire_server.dialects.gemini.answer import Feedback, Rating, Tokens, UsageMetadata

_R = pb.FinishReason
# Google's list grows; what is not here is OTHER, and the native word always goes through.
_FINISH_REASONS = {
    "STOP": _R.FINISH_REASON_STOP,
    "MAX_TOKENS": _R.FINISH_REASON_MAX_TOKENS,
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
    """Usage with thoughts apart and each modality once; Google may count thoughts in, and list a modality twice.

    Tokens of the answer that no modality is listed for are text.
    """
    prompt, candidates = given.prompt_token_count or 0, given.candidates_token_count or 0
    thoughts, tools = given.thoughts_token_count or 0, given.tool_use_prompt_token_count or 0
    if 0 < thoughts <= candidates and prompt + tools + candidates == given.total_token_count:
        candidates -= thoughts
    return pb.Usage(
        prompt_tokens=prompt,
        candidates_tokens=candidates,
        thoughts_tokens=thoughts,
        cached_content_tokens=given.cached_content_token_count or 0,
        tool_use_prompt_tokens=tools,
        total_tokens=given.total_token_count or 0,
        prompt_tokens_details=_by_modality(given.prompt_tokens_details or ()),
        candidates_tokens_details=_by_modality(given.candidates_tokens_details or (), total=candidates),
        traffic_type=given.traffic_type or "",
    )


def _by_modality(details: Iterable[Tokens], total: int = 0) -> list[pb.ModalityTokens]:
    sums: dict[str, int] = {}
    for tokens in details:
        sums[tokens.modality] = sums.get(tokens.modality, 0) + tokens.token_count
    rest = total - sum(sums.values())
    if rest > 0:
        sums["TEXT"] = sums.get("TEXT", 0) + rest
    return [pb.ModalityTokens(modality=modality, tokens=count) for modality, count in sums.items()]


def ratings(given: Iterable[Rating]) -> list[pb.SafetyRating]:
    """Safety ratings."""
    return [pb.SafetyRating(category=r.category, probability=r.probability, blocked=r.blocked) for r in given]


def feedback(given: Feedback) -> pb.PromptFeedback:
    """Why a prompt was blocked."""
    return pb.PromptFeedback(
        block_reason=given.block_reason,
        block_reason_message=given.block_reason_message,
        safety_ratings=ratings(given.safety_ratings),
    )
