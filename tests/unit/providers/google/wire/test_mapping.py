"""Google's finish reasons, usage, ratings and feedback as ours."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.providers.google.wire import mapping
from imagewire_server.providers.google.wire.response_types import Feedback, Rating, Tokens, UsageMetadata

_R = pb.FinishReason


@pytest.mark.parametrize(
    ("native", "called", "reason"),
    [
        ("STOP", False, _R.FINISH_REASON_STOP),
        ("STOP", True, _R.FINISH_REASON_TOOL_CALLS),
        ("MAX_TOKENS", True, _R.FINISH_REASON_MAX_TOKENS),
        ("CONTINUATION", False, _R.FINISH_REASON_MAX_TOKENS),
        ("NO_IMAGE", False, _R.FINISH_REASON_CONTENT_FILTER),
        ("IMAGE_SAFETY", True, _R.FINISH_REASON_CONTENT_FILTER),
        ("MALFORMED_FUNCTION_CALL", False, _R.FINISH_REASON_OTHER),
        ("REASON_OF_NEXT_YEAR", False, _R.FINISH_REASON_OTHER),
        ("", False, _R.FINISH_REASON_OTHER),
    ],
)
def test_a_finish_reason_has_a_class(native: str, called: bool, reason: pb.FinishReason) -> None:
    assert mapping.finish_reason(native, called=called) == reason


def listed(details: Any) -> dict[str, int]:
    return {entry.modality: entry.tokens for entry in details}


def used(**counts: Any) -> pb.Usage:
    details = {name: [Tokens(*one) for one in counts.pop(name)] for name in list(counts) if name.endswith("details")}
    return mapping.usage(UsageMetadata(**counts, **details))


def test_counts_are_told_as_they_are() -> None:
    made = used(
        prompt_token_count=1,
        candidates_token_count=2,
        thoughts_token_count=3,
        cached_content_token_count=4,
        tool_use_prompt_token_count=5,
        total_token_count=11,
        traffic_type="ON_DEMAND",
        service_tier="flex",
    )
    assert made == pb.Usage(
        prompt_tokens=1,
        candidates_tokens=2,
        thoughts_tokens=3,
        cached_content_tokens=4,
        tool_use_prompt_tokens=5,
        total_tokens=11,
        traffic_type="ON_DEMAND",
        service_tier="flex",
    )
    assert used() == pb.Usage()


@pytest.mark.parametrize(
    ("counts", "candidates", "details"),
    [
        # Thoughts are counted apart, or in with the candidates: the total tells.
        ({"candidates_token_count": 9, "thoughts_token_count": 4, "total_token_count": 10}, 5, {}),
        ({"candidates_token_count": 9, "thoughts_token_count": 4, "total_token_count": 14}, 9, {}),
        (
            {
                "candidates_token_count": 9,
                "thoughts_token_count": 4,
                "total_token_count": 10,
                "candidates_tokens_details": [("TEXT", 6), ("IMAGE", 3)],
            },
            5,
            {"TEXT": 2, "IMAGE": 3},
        ),
        (
            {
                "candidates_token_count": 9,
                "thoughts_token_count": 4,
                "total_token_count": 10,
                "candidates_tokens_details": [("TEXT", 2), ("IMAGE", 3)],
            },
            5,
            {"TEXT": 2, "IMAGE": 3},
        ),
        # What is listed for none is text, where pictures are listed.
        ({"candidates_token_count": 9, "candidates_tokens_details": [("IMAGE", 7)]}, 9, {"IMAGE": 7, "TEXT": 2}),
        ({"candidates_token_count": 9, "candidates_tokens_details": [("TEXT", 7)]}, 9, {"TEXT": 7}),
        # A modality may be listed twice, and the count be left out.
        ({"candidates_tokens_details": [("image", 3), (" IMAGE ", 4), ("Text", 1)]}, 8, {"IMAGE": 7, "TEXT": 1}),
        ({"candidates_token_count": 1, "candidates_tokens_details": [("IMAGE", 2**53), ("TEXT", 1)]}, 1, {}),
    ],
)
def test_thoughts_are_apart_and_each_modality_is_told_once(
    counts: dict[str, Any], candidates: int, details: dict[str, int]
) -> None:
    made = used(prompt_token_count=1, **counts)
    assert (made.candidates_tokens, listed(made.candidates_tokens_details)) == (candidates, details)


def test_each_list_has_its_place() -> None:
    made = used(
        prompt_tokens_details=[("TEXT", 1)],
        cache_tokens_details=[("TEXT", 2)],
        tool_use_prompt_tokens_details=[("TEXT", 3), ("TEXT", 4)],
    )
    lists = (made.prompt_tokens_details, made.cached_content_tokens_details, made.tool_use_prompt_tokens_details)
    assert [listed(one) for one in lists] == [{"TEXT": 1}, {"TEXT": 2}, {"TEXT": 7}]


def test_what_is_said_later_wins_and_the_rest_stays() -> None:
    before = UsageMetadata(prompt_token_count=1, total_token_count=1)
    later = UsageMetadata(total_token_count=5, traffic_type="ON_DEMAND")
    assert mapping.merged(before, later) == UsageMetadata(
        prompt_token_count=1, total_token_count=5, traffic_type="ON_DEMAND"
    )
    assert mapping.merged(UsageMetadata(), later) is later
    assert before == UsageMetadata(prompt_token_count=1, total_token_count=1)


def test_ratings_and_feedback() -> None:
    scored = Rating("A", "HIGH", blocked=True, probability_score=0.5, severity="LOW", severity_score=0.0)
    endless = Rating("B", probability_score=float("inf"), severity_score=float("nan"))
    told = [
        pb.SafetyRating(
            category="A", probability="HIGH", blocked=True, probability_score=0.5, severity="LOW", severity_score=0.0
        ),
        pb.SafetyRating(category="B"),
    ]
    assert mapping.ratings([scored, endless]) == told
    assert mapping.feedback(Feedback("SAFETY", "no", [scored, endless])) == pb.PromptFeedback(
        block_reason="SAFETY", block_reason_message="no", safety_ratings=told
    )
