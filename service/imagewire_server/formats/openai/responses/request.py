"""The body of POST /v1/responses. A Literal type is the only supported value. Items are sent back unchanged."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from imagewire_server.formats.openai.common import not_supported
from imagewire_server.formats.openai.common.input_file import InputFilePart
from imagewire_server.formats.openai.common.json_decode import Strict
from imagewire_server.formats.openai.common.shared_request import (
    MOST,
    AnswerImage,
    Detail,
    Drafts,
    Extras,
    ImageDelivery,
    Int32,
    Model,
    Object,
    Percent,
    PictureOptions,
    Prompt,
    ProviderOptions,
    SearchOptions,
)


class Own(Strict):
    """Fields of a picture or a call that must be sent back with it."""

    thought: bool | None = None
    thought_signature: str | None = None
    native_fields: Object | None = None
    native_fields_json: dict[str, str] | None = None


class PictureOwn(Own):
    """Fields of a picture that must be sent back with it."""

    display_name: str | None = None


class InputText(Strict, tag_field="type", tag="input_text"):
    """Text from the user."""

    text: str


class OutputText(Strict, tag_field="type", tag="output_text"):
    """Text from the model."""

    text: str
    annotations: list[Object] | None = None
    logprobs: list[Object] | None = None


class Refusal(Strict, tag_field="type", tag="refusal"):
    """A refusal from the model."""

    refusal: str


class InputImage(Strict, tag_field="type", tag="input_image"):
    """A picture. image_url: https://, gs:// or data:; or file_id: of a picture that is kept."""

    image_url: str | None = None
    detail: Detail | None = None
    file_id: str | None = None


class MessageItem(Strict):
    """A turn; its type may be absent."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str | Annotated[list[InputText | OutputText | Refusal | InputImage | InputFilePart], MOST]
    type: Literal["message"] | None = None
    id: str | None = None
    status: str | None = None
    phase: str | None = None
    provider_specific_fields: Extras | None = None


class ImageCallItem(Strict, tag_field="type", tag="image_generation_call"):
    """A picture from the model. result: base64. url: its address. image_id: that of a picture that is kept."""

    id: str
    result: str | None = None
    url: str | None = None
    status: str | None = None
    output_format: str | None = None
    size: str | None = None
    quality: str | None = None
    background: str | None = None
    action: str | None = None
    revised_prompt: str | None = None
    error: Object | None = None
    image_id: str | None = None
    provider_specific_fields: PictureOwn | None = None


class FunctionCallItem(Strict, tag_field="type", tag="function_call"):
    """A function call from the model; arguments: a JSON object as text."""

    call_id: str
    name: str
    arguments: str
    id: str | None = None
    status: str | None = None
    namespace: None = None
    provider_specific_fields: Own | None = None


class FunctionResultItem(Strict, tag_field="type", tag="function_call_output"):
    """The result of a function call: text and pictures."""

    call_id: str
    output: str | Annotated[list[InputText | InputImage | InputFilePart], MOST]
    id: str | None = None
    status: str | None = None


class ReasoningExtras(Extras):
    """Fields of a thought that must be sent back with it; images: drafts."""

    images: Annotated[list[AnswerImage], MOST] | None = None


class ReasoningItem(Strict, tag_field="type", tag="reasoning"):
    """A thought of the model. Sending it back is optional; only its text is sent upstream."""

    summary: Annotated[list[Object], MOST]
    id: str | None = None
    status: str | None = None
    content: list[Object] | None = None
    encrypted_content: str | None = None
    provider_specific_fields: ReasoningExtras | None = None


ITEMS: dict[str, type[Strict]] = {
    "message": MessageItem,
    "image_generation_call": ImageCallItem,
    "function_call": FunctionCallItem,
    "function_call_output": FunctionResultItem,
    "reasoning": ReasoningItem,
}


class ImageTool(PictureOptions, tag_field="type", tag="image_generation"):
    """Requests pictures. model: one of OpenAI's names, which stands for the request's own model."""

    remedies: ClassVar[Mapping[str, str]] = not_supported.IMAGE_TOOL

    model: str | None = None
    output_format: Literal["png", "jpeg"] | None = None
    output_compression: Percent | None = None
    partial_images: Drafts | None = None
    input_fidelity: Literal["low"] | None = None
    background: Literal["auto", "opaque"] | None = None
    moderation: Literal["auto"] | None = None
    action: Literal["auto", "generate", "edit"] | None = None


class FunctionTool(Strict, tag_field="type", tag="function"):
    """A function that the model may call. strict changes nothing: Google has no such option."""

    remedies: ClassVar[Mapping[str, str]] = not_supported.FUNCTION_TOOL

    name: str
    description: str | None = None
    parameters: Object | None = None
    strict: bool | None = None


class WebSearchTool(SearchOptions, tag_field="type", tag="web_search"):
    """Google's search, with its options."""

    remedies: ClassVar[Mapping[str, str]] = not_supported.WEB_SEARCH_TOOL

    search_context_size: Literal["medium"] | None = None
    user_location: None = None
    filters: None = None


class NamedTool(Strict):
    """The tool that the model must use."""

    type: Literal["function", "image_generation"]
    name: str | None = None


class TextFormat(Strict):
    """Answers are text."""

    remedies: ClassVar[Mapping[str, str]] = not_supported.TEXT_FORMAT

    type: Literal["text"]


class Text(Strict):
    """The format of text."""

    format: TextFormat | None = None
    verbosity: Literal["medium"] | None = None


class ReasoningOptions(Strict):
    """How the model thinks. With a summary, the answer includes its thoughts."""

    remedies: ClassVar[Mapping[str, str]] = not_supported.REASONING

    effort: str | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


class StreamOptions(Strict):
    """include_obfuscation: accepted, although no event is obfuscated."""

    include_obfuscation: bool | None = None


Item = Annotated[dict[str, Any], msgspec.Meta(description="A message, or an item of an answer.")]


class ResponsesRequest(ProviderOptions, kw_only=True):
    """A Responses request."""

    remedies: ClassVar[Mapping[str, str]] = not_supported.RESPONSES

    model: Model
    input: Prompt | Annotated[list[Item], MOST]
    instructions: str | None = None
    tools: Annotated[list[ImageTool | FunctionTool | WebSearchTool], MOST] | None = None
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: Int32 | None = None
    reasoning: ReasoningOptions | None = None
    extra_body: Object | None = None
    text: Text | None = None
    previous_response_id: str | None = None
    parallel_tool_calls: bool | None = None
    include: Annotated[list[str], msgspec.Meta(max_length=16)] | None = None
    store: bool | None = None
    background: Literal[False] | None = None
    truncation: Literal["disabled", "auto"] | None = None
    image_delivery: ImageDelivery | None = None
    top_logprobs: Literal[0] | None = None
    stream_options: StreamOptions | None = None
