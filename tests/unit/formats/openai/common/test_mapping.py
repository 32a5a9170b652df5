"""Small translations to OpenAI's format."""

import json
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.json_values import struct
from imagewire_server.formats.openai.common import mapping
from imagewire_server.formats.openai.common.encoder import encoded

RATING = {"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}
SHOWN = {**RATING, "blocked": False}


def test_our_id_becomes_a_chats() -> None:
    assert mapping.completion_id(pb.Started(completion_id="cmpl-1")) == "chatcmpl-1"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("TOOL_CALLS", "tool_calls"),
        ("CONTENT_FILTER", "content_filter"),
        ("OTHER", "stop"),
        ("UNSPECIFIED", "stop"),
    ],
)
def test_a_finish_reason(reason: str, expected: str) -> None:
    assert mapping.finish_reason(pb.FinishReason.Value(f"FINISH_REASON_{reason}")) == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (pb.CandidateFinished(), {"finish_reason": "stop"}),
        (
            pb.CandidateFinished(native_finish_reason="NO_IMAGE", finish_message="Sorry", safety_ratings=[RATING]),
            {
                "finish_reason": "stop",
                "native_finish_reason": "NO_IMAGE",
                "finish_message": "Sorry",
                "safety_ratings": [SHOWN],
            },
        ),
        (
            pb.CandidateFinished(
                native_fields={"a": "[1]"},
                grounding_metadata=struct({"b": 2, "c": [None, 0.5]}),
                citation_metadata=struct({}),
            ),
            {
                "finish_reason": "stop",
                "provider_specific_fields": {"native_fields": {"a": [1]}},
                "grounding_metadata": {"b": 2, "c": [None, 0.5]},
                "citation_metadata": {},
            },
        ),
    ],
)
def test_the_end_of_a_choice(end: pb.CandidateFinished, expected: dict[str, Any]) -> None:
    assert json.loads(encoded(mapping.ending(end))) == expected


def test_a_candidates_own_fields() -> None:
    end = pb.CandidateFinished(safety_ratings=[RATING], native_fields={"a": "1"}, finish_message="Sorry")
    assert json.loads(encoded(mapping.candidate(end))) == {"safety_ratings": [SHOWN], "native_fields": {"a": 1}}
    assert mapping.candidate(pb.CandidateFinished()) == {}


@pytest.mark.parametrize(
    ("feedback", "more"),
    [
        (pb.PromptFeedback(block_reason="SAFETY"), {"native_finish_reason": "SAFETY"}),
        (
            pb.PromptFeedback(block_reason="OTHER", block_reason_message="No", safety_ratings=[RATING]),
            {"native_finish_reason": "OTHER", "finish_message": "No", "safety_ratings": [SHOWN]},
        ),
    ],
)
def test_a_blocked_prompt(feedback: pb.PromptFeedback, more: dict[str, Any]) -> None:
    assert mapping.blocked(feedback) == {"finish_reason": "content_filter", **more}


def test_ratings_have_only_what_the_provider_sent() -> None:
    full = pb.SafetyRating(**RATING, blocked=True, probability_score=0.0, severity="HIGH", severity_score=0.5)
    assert mapping.ratings([pb.SafetyRating(**RATING), full]) == [
        SHOWN,
        {**RATING, "blocked": True, "probability_score": 0.0, "severity": "HIGH", "severity_score": 0.5},
    ]


@pytest.mark.parametrize(
    ("tier", "expected"),
    [("standard", "default"), ("STANDARD", "default"), ("FLEX", "flex"), ("priority", "priority"), ("new", "new")],
)
def test_a_service_tier(tier: str, expected: str) -> None:
    assert mapping.service_tier(pb.Usage(service_tier=tier)) == expected
    assert mapping.of_answer(pb.Finished(usage={"service_tier": tier})) == {"service_tier": expected}


def test_the_answers_own_fields() -> None:
    assert mapping.of_answer(pb.Finished()) == {}
    assert mapping.of_answer(pb.Finished(continuation_token=b"A")) == {
        "provider_specific_fields": {"continuation_token": "QQ=="}
    }


def test_usage_without_numbers_is_zero() -> None:
    assert mapping.usage(pb.Usage()) == {
        "completion_tokens": 0,
        "prompt_tokens": 0,
        "total_tokens": 0,
        "prompt_tokens_details": {"text_tokens": 0, "image_tokens": 0, "cached_tokens": 0},
        "completion_tokens_details": {"text_tokens": 0, "image_tokens": 0, "reasoning_tokens": 0},
    }


def test_usage_counts_thoughts_and_the_use_of_tools() -> None:
    given = pb.Usage(
        prompt_tokens=10,
        tool_use_prompt_tokens=5,
        candidates_tokens=3,
        thoughts_tokens=4,
        total_tokens=22,
        cached_content_tokens=2,
        prompt_tokens_details=[{"modality": "TEXT", "tokens": 8}, {"modality": "AUDIO", "tokens": 2}],
        candidates_tokens_details=[{"modality": "IMAGE", "tokens": 3}],
        cached_content_tokens_details=[{"modality": "TEXT", "tokens": 2}],
        tool_use_prompt_tokens_details=[{"modality": "IMAGE", "tokens": 5}],
        traffic_type="ON_DEMAND",
        cost_usd=0.25,
        cost_nano_usd=250_000_000,
        cached_answer=True,
    )
    assert mapping.usage(given) == {
        "completion_tokens": 7,
        "prompt_tokens": 15,
        "total_tokens": 22,
        "prompt_tokens_details": {"text_tokens": 8, "image_tokens": 0, "audio_tokens": 2, "cached_tokens": 2},
        "completion_tokens_details": {"text_tokens": 0, "image_tokens": 3, "reasoning_tokens": 4},
        "cost": 0.25,
        "cost_nano_usd": 250_000_000,
        "provider_specific_fields": {
            "traffic_type": "ON_DEMAND",
            "cached_answer": True,
            "tool_use_prompt_tokens": 5,
            "cached_content_tokens_details": {"text_tokens": 2},
            "tool_use_prompt_tokens_details": {"image_tokens": 5},
        },
    }


@pytest.mark.parametrize(("given", "expected"), [(pb.Usage(), {}), (pb.Usage(cost_usd=0.0), {"cost": 0.0})])
def test_a_cost_of_nothing_is_not_an_unknown_cost(given: pb.Usage, expected: dict[str, Any]) -> None:
    assert mapping.costs(given) == expected


@pytest.mark.parametrize(
    ("call", "ident", "arguments"),
    [
        (pb.FunctionCall(id="own", name="f", args=struct({"a": 1})), "own", '{"a":1}'),
        (pb.FunctionCall(name="f"), "call_imagewire_0f_2", "{}"),
        (pb.FunctionCall(name="f", args_json='{"n": 1e400}'), "call_imagewire_0f_2", '{"n": 1e400}'),
    ],
)
def test_a_call(call: pb.FunctionCall, ident: str, arguments: str) -> None:
    assert mapping.tool_call(call, "cmpl-0f", 2, 1) == {
        "index": 1,
        "id": ident,
        "type": "function",
        "function": {"name": "f", "arguments": arguments},
    }
