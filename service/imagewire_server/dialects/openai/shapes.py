"""What this server answers, as types: /openapi.json shows them, and tests hold every answer against them."""

from typing import Any, Literal

import msgspec

from imagewire_server.dialects.openai.decode import Strict

Json = dict[str, Any]


class Problem(Strict):
    """What is wrong. param: the first wrong field. code: a stable word. request_id: what the server's log has."""

    message: str
    type: str
    param: str | None
    code: str
    request_id: str
    violations: list[dict[str, str]] | msgspec.UnsetType = msgspec.UNSET


class ErrorAnswer(Strict):
    """An error."""

    error: Problem


class Picture(Strict):
    """A data: URL; detail is always "auto"."""

    url: str
    detail: Literal["auto"]


class PictureEntry(Strict):
    """One of all pictures; thought marks a draft."""

    type: Literal["image_url"]
    index: int
    image_url: Picture
    thought: Literal[True] | msgspec.UnsetType = msgspec.UNSET


class AnswerMessage(Strict):
    """What the model said and drew. image: the final picture."""

    role: Literal["assistant"]
    content: str
    images: list[PictureEntry] | msgspec.UnsetType = msgspec.UNSET
    image: Picture | msgspec.UnsetType = msgspec.UNSET
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET
    tool_calls: list[Json] | msgspec.UnsetType = msgspec.UNSET
    provider_specific_fields: Json | msgspec.UnsetType = msgspec.UNSET


class Choice(Strict):
    """One answer. native_finish_reason, finish_message: the provider's own words."""

    index: int
    message: AnswerMessage
    finish_reason: Literal["stop", "length", "content_filter", "tool_calls"]
    native_finish_reason: str | msgspec.UnsetType = msgspec.UNSET
    finish_message: str | msgspec.UnsetType = msgspec.UNSET
    safety_ratings: list[Json] | msgspec.UnsetType = msgspec.UNSET
    grounding_metadata: Json | msgspec.UnsetType = msgspec.UNSET
    citation_metadata: Json | msgspec.UnsetType = msgspec.UNSET


class ChatUsage(Strict):
    """Tokens. cost: US dollars, where the price is known."""

    completion_tokens: int
    prompt_tokens: int
    total_tokens: int
    prompt_tokens_details: dict[str, int]
    completion_tokens_details: dict[str, int]
    cost: float | msgspec.UnsetType = msgspec.UNSET


class ChatCompletion(Strict):
    """A chat's answer. The order of its fields is the order in which they become known."""

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: Literal["chat.completion"]
    usage: ChatUsage | msgspec.UnsetType = msgspec.UNSET


class ImageData(Strict):
    """A picture as base64."""

    b64_json: str


class ImagesUsage(Strict):
    """Tokens of all calls. cost: US dollars, where the price is known."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: dict[str, int]
    output_tokens_details: dict[str, int]
    cost: float | msgspec.UnsetType = msgspec.UNSET


class Images(Strict):
    """Pictures. errors: of calls that failed beside those that drew."""

    created: int
    data: list[ImageData]
    output_format: str
    usage: ImagesUsage
    size: str | msgspec.UnsetType = msgspec.UNSET
    errors: list[Problem] | msgspec.UnsetType = msgspec.UNSET


class Response(Strict):
    """An answer as items. native_finish_reason, finish_message: the provider's own words."""

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
    metadata: dict[str, str]
    parallel_tool_calls: bool
    previous_response_id: None
    reasoning: dict[str, str | None]
    store: Literal[False]
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


class ModelEntry(Strict):
    """A model by the name that callers use."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(Strict):
    """All models."""

    object: Literal["list"]
    data: list[ModelEntry]


class Endpoint(Strict):
    """A deployment that is asked, or is temporarily disabled."""

    model: str
    model_id: str


class Health(Strict):
    """Deployments by how they fare with the calls that were made; none is made to find out."""

    healthy_endpoints: list[Endpoint]
    unhealthy_endpoints: list[Endpoint]
    healthy_count: int
    unhealthy_count: int


class Readiness(Strict):
    """Whether calls are taken."""

    status: Literal["healthy"]
    version: str
