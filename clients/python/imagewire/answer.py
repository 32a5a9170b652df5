"""Answers, their parts, and the chunks of a stream. Sans-IO."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToDict

from imagewire.final_image import final_image
from imagewire.images import Image, image_to_proto
from imagewire.media import Media, media_to_proto
from imagewire.v1.chat_service_pb2 import CandidateFinished, ModelStatus, PromptFeedback
from imagewire.v1.message_pb2 import ChatMessage, FunctionCall, NativePart, Role
from imagewire.v1.message_pb2 import Part as WirePart
from imagewire.v1.usage_pb2 import Usage


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an answer: text, a picture, a function call, other media, or something that only the provider knows.

    Attributes:
        text: The text; "" for a part of another kind.
        image: The picture.
        function_call: The function that the model wants called, as a protobuf message; `args` has its arguments.
        thought: Whether the part belongs to the model's thinking: text of thoughts, or a draft picture.
        signature: The model's opaque signature of the part. It must go back with the part.
        media: Audio, video or a document.
        native: A part of a kind that the contract does not model; its content is JSON text in `value_json`.
        native_fields: Fields that the provider set beside the content, as JSON text by name.

    Examples:
        >>> with imagewire.Client() as client:
        ...     for part in client.chat.create().append("A banana").sample().parts:
        ...         kind = "picture" if part.image else "text"
    """

    text: str = ""
    image: Image | None = None
    function_call: FunctionCall | None = None
    thought: bool = False
    signature: bytes = field(default=b"", repr=False)
    media: Media | None = None
    native: NativePart | None = None
    native_fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def args(self) -> dict[str, Any]:
        """The arguments of the function call; whole numbers are int, however large. Empty where there is no call."""
        if self.function_call is None:
            return {}
        if self.function_call.args_json:
            given: dict[str, Any] = json.loads(self.function_call.args_json)
            return given
        told: dict[str, Any] = whole_numbers(MessageToDict(self.function_call.args))
        return told


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one event of a stream brought; `Chat.stream` and `Chat.frames` yield it.

    Attributes:
        text: More text of a part.
        data: More bytes of a part's file. Whether it is a picture or other media is known when `image` or `media`
            comes.
        offset: Where `data` belongs in the file, in bytes.
        part: The part's index in the answer.
        image: The picture that is complete now, its size and SHA-256 checked.
        thought: Whether the part belongs to the model's thinking, as far as known. Only a finished part is known to be
            a draft or not.
        last: Whether the answer is complete. Such a chunk holds nothing else.
        media: Other media that is complete now, checked.
        native: A part of a kind that the contract does not model.
        function_call: A function that the model wants called.

    Examples:
        >>> with imagewire.Client() as client:
        ...     for answer, chunk in client.chat.create().append("A banana").stream():
        ...         if chunk.image:
        ...             print(chunk.part, chunk.image.mime_type)
        1 image/png
    """

    text: str = ""
    data: bytes = b""
    offset: int = 0
    part: int = 0
    image: Image | None = None
    thought: bool = False
    last: bool = False
    media: Media | None = None
    native: NativePart | None = None
    function_call: FunctionCall | None = None


@dataclass(slots=True)
class Answer:
    """What a model said and drew. While a stream runs, it holds what has come so far.

    Attributes:
        id: The server's id of the completion.
        model: The model that was asked.
        model_version: The version that answered, in the provider's words.
        parts: All parts, in order.
        usage: Token counts and cost, as a protobuf message; see also `cost`.
        finish_reason: "STOP", "MAX_TOKENS", "CONTENT_FILTER", "TOOL_CALLS" or "OTHER"; "" before the end, and for a
            blocked prompt.
        native_finish_reason: The provider's own word for it.
        finish_message: The provider's explanation.
        prompt_feedback: Set when a filter blocked the prompt: the reason, as a protobuf message.
        created: When the call began, in seconds since 1970.
        native_response_id: The provider's id of its response.
        candidate: What belongs to the whole answer, as a protobuf message: safety ratings, search results, citations.
        model_status: What the provider says about the model's life, such as its retirement.
        continuation_token: Set when `native_finish_reason` is "CONTINUATION"; `Chat.sample(after=...)` sends it.
        native_fields: Fields of the response that the contract does not model, as JSON text by name.
        omitted_fields: Paths in the provider's response of what could not be read.

    Examples:
        >>> with imagewire.Client() as client:
        ...     answer = client.chat.create().append("A banana").sample()
        ...     print(answer.finish_reason, len(answer.images))
        STOP 1
    """

    id: str = ""
    model: str = ""
    model_version: str = ""
    parts: list[Part] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = ""
    native_finish_reason: str = ""
    finish_message: str = ""
    prompt_feedback: PromptFeedback | None = None
    created: float = 0.0
    native_response_id: str = ""
    candidate: CandidateFinished = field(default_factory=CandidateFinished)
    model_status: ModelStatus | None = None
    continuation_token: bytes = field(default=b"", repr=False)
    native_fields: Mapping[str, str] = field(default_factory=dict)
    omitted_fields: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text that is no thought, joined."""
        return "".join(part.text for part in self.parts if not part.thought)

    @property
    def images(self) -> list[Image]:
        """The pictures that are no drafts, in order."""
        return [part.image for part in self.parts if part.image and not part.thought]

    @property
    def drafts(self) -> list[Image]:
        """The pictures that the model drew while thinking, in order."""
        return [part.image for part in self.parts if part.image and part.thought]

    @property
    def image(self) -> Image | None:
        """The final picture: the last that is no draft, else the last draft; None where there is none."""
        return final_image([part.image for part in self.parts if part.image], lambda image: image.thought)

    @property
    def media(self) -> list[Media]:
        """Audio, video and documents, in order."""
        return [part.media for part in self.parts if part.media]

    @property
    def natives(self) -> list[NativePart]:
        """The parts of kinds that the contract does not model, in order."""
        return [part.native for part in self.parts if part.native]

    @property
    def cost(self) -> float | None:
        """What the call cost, in US dollars; None when the server knows no price."""
        return self.usage.cost_usd if self.usage.HasField("cost_usd") else None

    @property
    def cost_nano_usd(self) -> int | None:
        """What the call cost, in billionths of a US dollar, so that sums are exact; None when unknown."""
        return self.usage.cost_nano_usd if self.usage.HasField("cost_nano_usd") else None

    @property
    def service_tier(self) -> str:
        """The tier that the call was served and billed by; "" when the provider did not say."""
        return self.usage.service_tier

    @property
    def blocked(self) -> str:
        """Why a filter stopped the prompt or the answer; "" when none did."""
        if self.prompt_feedback is not None:
            return _joined(self.prompt_feedback.block_reason, self.prompt_feedback.block_reason_message)
        if self.finish_reason == "CONTENT_FILTER":
            return _joined(self.native_finish_reason, self.finish_message)
        return ""

    @property
    def why_no_image(self) -> str:
        """A sentence that says why there is no picture, and what to do."""
        if self.blocked:
            which = "the prompt was blocked" if self.prompt_feedback is not None else "no picture was drawn"
            return f"{which} ({self.blocked}): change the prompt and try again"
        if self.native_finish_reason == "STOP":
            return _joined("the model answered without a picture", self.text, "ask for a picture more plainly")
        reason = f"no picture was drawn ({self.native_finish_reason})"
        return _joined(reason, self.finish_message, "change the prompt and try again")

    def message(self) -> ChatMessage:
        """Make a message of the answer, for the next request. `Chat.append` does it by itself.

        Returns:
            The message: every part as it came, with its signature and the provider's fields.

        Raises:
            ValueError: The answer is empty, or the bytes of its pictures or other media were not kept (`Chat.frames`).

        Examples:
            >>> with imagewire.Client() as client:
            ...     answer = client.chat.create().append("A banana").sample()
            ...     messages = [imagewire.user("A banana"), answer.message(), imagewire.user("Make it blue")]
            ...     blue = client.chat.create(messages=messages).sample()
        """
        if not self.parts:
            raise ValueError(f"the answer is empty, so it cannot be part of a chat: {self.why_no_image}")
        return ChatMessage(role=Role.ROLE_ASSISTANT, parts=[_to_message(part) for part in self.parts])


def _to_message(part: Part) -> WirePart:
    made = WirePart(thought=part.thought, thought_signature=part.signature, native_fields=part.native_fields)
    if part.image is not None:
        made.image.CopyFrom(image_to_proto(part.image, part.image.display_name))
    elif part.media is not None:
        made.media.CopyFrom(media_to_proto(part.media))
    elif part.function_call is not None:
        made.function_call.CopyFrom(part.function_call)
    elif part.native is not None:
        made.native.CopyFrom(part.native)
    else:
        made.text = part.text
    return made


def whole_numbers(value: Any) -> Any:
    """A JSON value with int for whole numbers; a Struct holds every number as a double."""
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _joined(*sentences: str) -> str:
    return ": ".join(sentence.strip().rstrip(".") for sentence in sentences if sentence)
