"""The shape of Google's answer, as it is nearly always sent. What differs in any way is read by `lenient` instead."""

from typing import Annotated, Any, Literal

import msgspec

# What an int64 of ours, and every language's number, holds exactly.
MAX_COUNT = 2**53
Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
# What protobuf's int32 holds.
Index = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
# As long as the contract lets a request say them: what is longer is passed on as it is, and can be sent back.
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Id = Annotated[str, msgspec.Meta(max_length=256)]
Uri = Annotated[str, msgspec.Meta(max_length=2048, pattern="^(gs|https)://")]
NOTHING = msgspec.Raw(b"")
# What stands for a part or a candidate that was emitted before.
Emitted = Literal[0]


class _Camel(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Names as Google's JSON spells them; an unknown one is an error, so that nothing is passed over."""


class Blob(_Camel):
    """Bytes in a part. data: empty where they were decoded while they arrived."""

    mime_type: str = ""
    data: bytes = b""
    display_name: Id = ""


class File(_Camel):
    """A file that is elsewhere."""

    file_uri: Uri
    mime_type: str = ""
    display_name: Id = ""


class Call(_Camel):
    """A function call. args: JSON text."""

    name: Name
    id: Id = ""
    args: msgspec.Raw = NOTHING


class Part(_Camel):
    """One part."""

    text: str | None = None
    inline_data: Blob | None = None
    file_data: File | None = None
    function_call: Call | None = None
    thought: bool = False
    thought_signature: bytes = b""


class Content(_Camel):
    """The parts of a candidate."""

    parts: list[Part] = []
    role: str = ""


class Rating(_Camel, omit_defaults=True):
    """A safety rating."""

    category: str = ""
    probability: str = ""
    blocked: bool = False
    probability_score: float | None = None
    severity: str = ""
    severity_score: float | None = None


class CandidateEnd(_Camel):
    """One answer without its parts. The last ones are JSON texts."""

    index: Index | None = None
    finish_reason: str = ""
    finish_message: str = ""
    continuation_token: bytes = b""
    safety_ratings: list[Rating] = []
    grounding_metadata: msgspec.Raw = NOTHING
    citation_metadata: msgspec.Raw = NOTHING
    url_context_metadata: msgspec.Raw = NOTHING
    avg_logprobs: msgspec.Raw = NOTHING
    logprobs_result: msgspec.Raw = NOTHING
    token_count: msgspec.Raw = NOTHING
    grounding_attributions: msgspec.Raw = NOTHING


class ContentRemainder(_Camel):
    """Content whose parts were emitted before."""

    parts: list[Emitted] | Emitted = 0
    role: str = ""


class CandidateRemainder(CandidateEnd):
    """A candidate whose parts were emitted before."""

    content: ContentRemainder | None = None


class Candidate(CandidateEnd):
    """One whole answer."""

    content: Content = msgspec.field(default_factory=Content)


class Feedback(_Camel, omit_defaults=True):
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


class ModelStatus(_Camel):
    """The life of a model. retirement_time: RFC 3339."""

    model_stage: str = ""
    retirement_time: str = ""
    message: str = ""


class AnswerEnd(_Camel):
    """A GenerateContentResponse without its candidates, or what stands in its place when something failed."""

    prompt_feedback: Feedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str = ""
    response_id: str = ""
    model_status: ModelStatus | None = None
    create_time: msgspec.Raw = NOTHING
    error: Any = None


class AnswerRemainder(AnswerEnd):
    """An answer whose candidates were emitted before."""

    candidates: list[Emitted] | Emitted = 0


class Answer(AnswerEnd):
    """A whole answer."""

    candidates: list[Candidate] = []
