"""The types of this server's answers. They define /openapi.json, and tests check every answer against them."""

from typing import Any, Literal

import msgspec

from imagewire_server.formats.openai.common.json_decode import Strict
from imagewire_server.formats.openai.common.picture_types import ContentEntry, Picture, PictureEntry, TextEntry

Json = dict[str, Any]


class Problem(Strict):
    """An error. param: the first wrong field. code: a stable reason. request_id: the id in the server's log."""

    message: str
    type: str
    param: str | None
    code: str
    request_id: str
    violations: list[dict[str, str]] | msgspec.UnsetType = msgspec.UNSET


class ErrorAnswer(Strict):
    """An error."""

    error: Problem


class NativePart(Strict):
    """A part of a kind that only the provider has. part: its index among all parts.

    value_json: the value as text, instead of value, if not every JSON parser preserves it.
    """

    index: int
    part: int
    kind: str
    value: Any = msgspec.UNSET
    value_json: str | msgspec.UnsetType = msgspec.UNSET
    thought: Literal[True] | msgspec.UnsetType = msgspec.UNSET


class MediaPart(Strict):
    """Media other than pictures. url: a data: URL, or the provider's address. part: its index among all parts."""

    index: int
    part: int
    mime_type: str
    url: str
    thought: Literal[True] | msgspec.UnsetType = msgspec.UNSET
    display_name: str | msgspec.UnsetType = msgspec.UNSET


class MessageFields(Strict):
    """Fields of a message that must be sent back with it. The first four have one entry per part."""

    thought_signatures: list[str | None] | msgspec.UnsetType = msgspec.UNSET
    native_fields: list[Json | None] | msgspec.UnsetType = msgspec.UNSET
    native_fields_json: list[dict[str, str] | None] | msgspec.UnsetType = msgspec.UNSET
    parts: list[str] | msgspec.UnsetType = msgspec.UNSET
    native_parts: list[NativePart] | msgspec.UnsetType = msgspec.UNSET
    media: list[MediaPart] | msgspec.UnsetType = msgspec.UNSET


class CandidateFields(Strict):
    """The provider's own fields of a candidate."""

    native_fields: Json | msgspec.UnsetType = msgspec.UNSET
    native_fields_json: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    safety_ratings: list[Json] | msgspec.UnsetType = msgspec.UNSET
    grounding_metadata: Json | msgspec.UnsetType = msgspec.UNSET
    citation_metadata: Json | msgspec.UnsetType = msgspec.UNSET


class ModelStatus(Strict):
    """The life cycle of the model, as the provider reports it."""

    stage: str | msgspec.UnsetType = msgspec.UNSET
    retirement_time: str | msgspec.UnsetType = msgspec.UNSET
    message: str | msgspec.UnsetType = msgspec.UNSET


class AnswerFields(Strict):
    """Fields of a whole answer. continuation_token: base64, to request the rest. omitted_fields: unreadable fields."""

    continuation_token: str | msgspec.UnsetType = msgspec.UNSET
    model_status: ModelStatus | msgspec.UnsetType = msgspec.UNSET
    native_fields: Json | msgspec.UnsetType = msgspec.UNSET
    native_fields_json: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    omitted_fields: list[str] | msgspec.UnsetType = msgspec.UNSET
    candidate: CandidateFields | msgspec.UnsetType = msgspec.UNSET


class PictureFields(AnswerFields):
    """Fields of an answer of /v1/images: everything other than pictures."""

    native_parts: list[NativePart] | msgspec.UnsetType = msgspec.UNSET
    media: list[MediaPart] | msgspec.UnsetType = msgspec.UNSET


class UsageFields(Strict):
    """Counts that OpenAI's usage does not have."""

    traffic_type: str | msgspec.UnsetType = msgspec.UNSET
    cached_answer: bool | msgspec.UnsetType = msgspec.UNSET
    tool_use_prompt_tokens: int | msgspec.UnsetType = msgspec.UNSET
    tool_use_prompt_tokens_details: dict[str, int] | msgspec.UnsetType = msgspec.UNSET
    cached_content_tokens_details: dict[str, int] | msgspec.UnsetType = msgspec.UNSET


class AnswerMessage(Strict):
    """What the model said and drew. image: the final picture."""

    role: Literal["assistant"]
    content: str | list[TextEntry | ContentEntry]
    images: list[PictureEntry] | msgspec.UnsetType = msgspec.UNSET
    image: Picture | msgspec.UnsetType = msgspec.UNSET
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET
    tool_calls: list[Json] | msgspec.UnsetType = msgspec.UNSET
    provider_specific_fields: MessageFields | msgspec.UnsetType = msgspec.UNSET


class Choice(Strict):
    """One answer. native_finish_reason, finish_message: the provider's own text."""

    index: int
    message: AnswerMessage
    finish_reason: Literal["stop", "length", "content_filter", "tool_calls"]
    native_finish_reason: str | msgspec.UnsetType = msgspec.UNSET
    finish_message: str | msgspec.UnsetType = msgspec.UNSET
    safety_ratings: list[Json] | msgspec.UnsetType = msgspec.UNSET
    grounding_metadata: Json | msgspec.UnsetType = msgspec.UNSET
    citation_metadata: Json | msgspec.UnsetType = msgspec.UNSET
    provider_specific_fields: CandidateFields | msgspec.UnsetType = msgspec.UNSET


class ChatUsage(Strict):
    """Tokens. cost: US dollars, if the price is known; cost_nano_usd: the same in billionths."""

    completion_tokens: int
    prompt_tokens: int
    total_tokens: int
    prompt_tokens_details: dict[str, int]
    completion_tokens_details: dict[str, int]
    cost: float | msgspec.UnsetType = msgspec.UNSET
    cost_nano_usd: int | msgspec.UnsetType = msgspec.UNSET
    provider_specific_fields: UsageFields | msgspec.UnsetType = msgspec.UNSET


class ChatCompletion(Strict):
    """A chat's answer. The order of its fields is the order in which they become known."""

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: Literal["chat.completion"]
    usage: ChatUsage | msgspec.UnsetType = msgspec.UNSET
    service_tier: str | msgspec.UnsetType = msgspec.UNSET
    provider_specific_fields: AnswerFields | msgspec.UnsetType = msgspec.UNSET


class ImageData(Strict):
    """A picture as base64, or its address. provider_specific_fields: only for the last picture of a call."""

    b64_json: str | msgspec.UnsetType = msgspec.UNSET
    url: str | msgspec.UnsetType = msgspec.UNSET
    image_id: str | msgspec.UnsetType = msgspec.UNSET
    provider_specific_fields: PictureFields | msgspec.UnsetType = msgspec.UNSET


class File(Strict):
    """A picture that is kept. Times are in seconds since 1970."""

    id: str
    object: Literal["file"]
    bytes: int
    created_at: int
    expires_at: int
    filename: str
    purpose: Literal["vision", "user_data"]
    status: Literal["processed"]


class Deleted(Strict):
    """What was forgotten."""

    id: str
    object: Literal["file", "response"]
    deleted: Literal[True]


class ImagesUsage(Strict):
    """Tokens of all calls. cost: US dollars, if the price is known."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: dict[str, int]
    output_tokens_details: dict[str, int]
    cost: float | msgspec.UnsetType = msgspec.UNSET
    cost_nano_usd: int | msgspec.UnsetType = msgspec.UNSET


class Images(Strict):
    """Pictures. errors: of the calls that failed, if others succeeded."""

    created: int
    data: list[ImageData]
    output_format: str | None
    usage: ImagesUsage
    service_tier: str | msgspec.UnsetType = msgspec.UNSET
    size: str | msgspec.UnsetType = msgspec.UNSET
    errors: list[Problem] | msgspec.UnsetType = msgspec.UNSET


class Response(Strict):
    """An answer as items. native_finish_reason, finish_message: the provider's own text."""

    id: str
    object: Literal["response"]
    created_at: int
    output: list[Json]
    model: str
    status: Literal["completed", "incomplete"]
    error: None
    incomplete_details: dict[str, str] | None
    instructions: str | None
    max_output_tokens: int | None
    metadata: Json
    parallel_tool_calls: bool
    previous_response_id: str | None
    reasoning: dict[str, str | None]
    store: bool
    temperature: float | None
    text: Json
    tool_choice: str | Json
    tools: list[Json]
    top_p: float | None
    truncation: Literal["disabled"]
    usage: Json | None
    user: str | None
    native_finish_reason: str | msgspec.UnsetType = msgspec.UNSET
    finish_message: str | msgspec.UnsetType = msgspec.UNSET
    safety_ratings: list[Json] | msgspec.UnsetType = msgspec.UNSET
    grounding_metadata: Json | msgspec.UnsetType = msgspec.UNSET
    citation_metadata: Json | msgspec.UnsetType = msgspec.UNSET
    service_tier: str | msgspec.UnsetType = msgspec.UNSET
    provider_specific_fields: AnswerFields | msgspec.UnsetType = msgspec.UNSET
