"""The body of POST /v1/chat/completions. Every field either changes the spec or is refused by name."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import msgspec

from imagewire_server.formats.openai.common import not_supported
from imagewire_server.formats.openai.common.input_file import InputFile
from imagewire_server.formats.openai.common.json_decode import Strict
from imagewire_server.formats.openai.common.shared_request import (
    MOST,
    AnswerImage,
    Empty,
    Extras,
    ImageDelivery,
    ImageUrl,
    Int32,
    Model,
    Object,
    ProviderOptions,
    SearchOptions,
)


class CacheControl(Strict):
    """A wish to keep what stands before it for later requests. It changes nothing."""

    type: Literal["ephemeral"]
    ttl: str | None = None


class TextPart(Strict, tag_field="type", tag="text"):
    """Text."""

    text: str
    cache_control: CacheControl | None = None


class ImagePart(Strict, tag_field="type", tag="image_url"):
    """A picture. index, thought, mime_type and image_id are those of a picture in the content of an answer."""

    image_url: ImageUrl | str
    index: int | None = None
    thought: bool | None = None
    mime_type: str | None = None
    image_id: str | None = None
    cache_control: CacheControl | None = None


class FilePart(Strict, tag_field="type", tag="file"):
    """A picture as a file."""

    file: InputFile
    cache_control: CacheControl | None = None


class CalledFunction(Strict):
    """The called function; arguments: a JSON object as text."""

    name: str
    arguments: str = "{}"


class ToolCall(Strict):
    """A call of an earlier answer."""

    id: str
    function: CalledFunction
    type: Literal["function"] | None = None
    index: int | None = None


class Message(Strict):
    """One turn, which may be an earlier answer."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Annotated[list[TextPart | ImagePart | FilePart], MOST] | None = None
    image: ImageUrl | None = None
    images: Annotated[list[AnswerImage], MOST] | None = None
    reasoning_content: str | None = None
    tool_calls: Annotated[list[ToolCall], MOST] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    refusal: str | None = None
    cache_control: CacheControl | None = None
    annotations: Annotated[list[Object], Empty] | None = None
    thinking_blocks: Annotated[list[Object], MOST] | None = None
    reasoning_details: Annotated[list[Object], Empty] | None = None
    audio: None = None
    function_call: None = None
    provider_specific_fields: Extras | None = None


class Function(Strict):
    """A function that the model may call. strict changes nothing: Google has no such option."""

    name: str
    description: str | None = None
    parameters: Object | None = None
    strict: bool | None = None


class Tool(Strict):
    """A function, or Google's search in one of its spellings."""

    type: Literal["function", "google_search", "web_search"] | None = None
    function: Function | None = None
    cache_control: CacheControl | None = None
    google_search: SearchOptions | None = None
    google_search_: SearchOptions | None = msgspec.field(default=None, name="googleSearch")


class NamedFunction(Strict):
    """The name of a function."""

    name: str


class ToolChoice(Strict):
    """The function that must be called."""

    type: Literal["function"]
    function: NamedFunction


class Reasoning(Strict):
    """How the model thinks, in OpenRouter's format."""

    effort: str | None = None
    max_tokens: int | None = None
    exclude: bool | None = None
    enabled: bool | None = None


class Thinking(Strict):
    """How the model thinks, in LiteLLM's format."""

    type: Literal["enabled", "disabled"]
    budget_tokens: int | None = None


class StreamOptions(Strict):
    """include_usage: whether a last chunk has the usage."""

    include_usage: bool | None = None
    include_obfuscation: Literal[False] | None = None


class Format(Strict):
    """Answers are text."""

    remedies: ClassVar[Mapping[str, str]] = not_supported.FORMAT

    type: Literal["text"]


class WebSearchOptions(Strict):
    """OpenAI's search options. Google's search supports none of them; its own options are in tools, as googleSearch."""

    search_context_size: Literal["medium"] | None = None
    user_location: None = None


class UsageOptions(Strict):
    """OpenRouter's option for usage in streams. Answers that are not streamed always have it."""

    include: Literal[True] | None = None


Messages = Annotated[
    list[Message],
    MOST,
    msgspec.Meta(examples=[[{"role": "user", "content": "A banana"}]], extra_json_schema={"minItems": 1}),
]


class ChatRequest(ProviderOptions, kw_only=True):
    """A chat request. A field with a Literal type supports only that value."""

    remedies: ClassVar[Mapping[str, str]] = not_supported.CHAT

    model: Model
    messages: Messages
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    modalities: Annotated[list[str], MOST] | None = None
    background: Literal["auto", "opaque"] | None = None
    n: Int32 | None = None
    seed: Int32 | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: Int32 | None = None
    max_tokens: Int32 | None = None
    max_completion_tokens: Int32 | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: str | Annotated[list[str], MOST] | None = None
    reasoning_effort: str | None = None
    reasoning: Reasoning | None = None
    include_reasoning: bool | None = None
    thinking: Thinking | None = None
    tools: Annotated[list[Tool], MOST] | None = None
    tool_choice: Literal["auto", "none", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: Annotated[list[Object], Empty] | None = None
    function_call: Literal["auto", "none"] | None = None
    web_search_options: WebSearchOptions | None = None
    media_resolution: str | None = None
    cached_content: str | None = None
    extra_body: Object | None = None
    response_format: Format | None = None
    usage: UsageOptions | None = None
    logprobs: Literal[False] | None = None
    top_logprobs: Literal[0] | None = None
    logit_bias: Annotated[Object, Empty] | None = None
    verbosity: Literal["medium"] | None = None
    image_delivery: ImageDelivery | None = None
    store: Literal[False] | None = None
