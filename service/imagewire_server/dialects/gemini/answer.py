"""The shape of Google's answer, as far as this server reads it; unknown fields are let through unread."""

from typing import Annotated, Any

import msgspec

# What an int64 of ours holds without doubt.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Camel(msgspec.Struct, rename="camel"):
    """Names as Google's JSON spells them."""


class Blob(_Camel):
    """Bytes in a part. data: base64, or empty where it was cut out while it arrived."""

    mime_type: str = ""
    data: str = ""


class Call(_Camel):
    """A function call."""

    name: str
    id: str = ""
    args: dict[str, Any] = {}


class Part(_Camel):
    """One part; the signature is decoded from base64."""

    text: str | None = None
    inline_data: Blob | None = None
    function_call: Call | None = None
    thought: bool = False
    thought_signature: bytes = b""


class Content(_Camel):
    """The parts of a candidate."""

    parts: list[Part] = []


class Rating(_Camel):
    """A safety rating."""

    category: str = ""
    probability: str = ""
    blocked: bool = False


class Candidate(_Camel):
    """One answer."""

    index: int | None = None
    content: Content = msgspec.field(default_factory=Content)
    finish_reason: str = ""
    finish_message: str = ""
    safety_ratings: list[Rating] = []
    grounding_metadata: dict[str, Any] | None = None
    citation_metadata: dict[str, Any] | None = None


class Feedback(_Camel):
    """Why a prompt was blocked."""

    block_reason: str = ""
    block_reason_message: str = ""
    safety_ratings: list[Rating] = []


class Tokens(_Camel):
    """Tokens of one modality."""

    modality: str = ""
    token_count: Count = 0


class UsageMetadata(_Camel):
    """Token counts; None is "not said"."""

    prompt_token_count: Count | None = None
    candidates_token_count: Count | None = None
    thoughts_token_count: Count | None = None
    cached_content_token_count: Count | None = None
    tool_use_prompt_token_count: Count | None = None
    total_token_count: Count | None = None
    prompt_tokens_details: list[Tokens] | None = None
    candidates_tokens_details: list[Tokens] | None = None
    cache_tokens_details: list[Tokens] | None = None
    tool_use_prompt_tokens_details: list[Tokens] | None = None
    traffic_type: str | None = None
    service_tier: str | None = None


class Answer(_Camel):
    """A GenerateContentResponse, or what stands in its place when something failed."""

    candidates: list[Candidate] = []
    prompt_feedback: Feedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str = ""
    response_id: str = ""
    error: dict[str, Any] | None = None
