"""The end of an answer: finish reason, safety ratings, search results; in OpenAI's words where it has some."""

from typing import Any, Literal, TypedDict

from google.protobuf.json_format import MessageToDict

from imagewire.answer import Answer
from imagewire.litellm import provider_fields
from imagewire.part import whole_numbers
from imagewire.v1.chat_service_pb2 import CandidateFinished, SafetyRating

FinishReason = Literal["stop", "length", "content_filter", "tool_calls"]

_FINISH_REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALLS": "tool_calls",
    "CONTENT_FILTER": "content_filter",
}


class Ending(TypedDict):
    """The fields of a choice that are about the end."""

    finish_reason: FinishReason
    native_finish_reason: str | None
    finish_message: str | None
    safety_ratings: list[dict[str, Any]] | None
    grounding_metadata: dict[str, Any] | None
    citation_metadata: dict[str, Any] | None
    provider_specific_fields: dict[str, Any] | None


def of(answer: Answer) -> Ending:
    """The fields, also for a blocked prompt, which has no candidate. "stop" stands for what OpenAI has no word for."""
    candidate, feedback = answer.candidate, answer.prompt_feedback
    native, message = answer.native_finish_reason, answer.finish_message
    ratings = list(candidate.safety_ratings)
    if feedback is not None:
        native, message = feedback.block_reason, message or feedback.block_reason_message
        ratings = ratings or list(feedback.safety_ratings)
    return Ending(
        finish_reason=_FINISH_REASONS.get(answer.finish_reason, "stop") if answer.finish_reason else "content_filter",
        native_finish_reason=native or None,
        finish_message=message or None,
        safety_ratings=[_rating(rating) for rating in ratings] or None,
        grounding_metadata=_object(candidate, "grounding_metadata"),
        citation_metadata=_object(candidate, "citation_metadata"),
        provider_specific_fields=provider_fields.of_choice(answer) or None,
    )


def service_tier(answer: Answer) -> str | None:
    """OpenAI's word for the service tier, None when the provider did not say."""
    tier = answer.service_tier.lower()
    return "default" if tier == "standard" else tier or None


def _rating(given: SafetyRating) -> dict[str, Any]:
    told = MessageToDict(given, preserving_proto_field_name=True)
    return {"category": given.category, "probability": given.probability, "blocked": given.blocked} | told


def _object(candidate: CandidateFinished, name: str) -> dict[str, Any] | None:
    made: dict[str, Any] = whole_numbers(MessageToDict(getattr(candidate, name)))
    return made if candidate.HasField(name) else None
