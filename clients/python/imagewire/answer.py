"""An answer as Python objects. Sans-IO."""

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
    """A piece of an answer: text, a picture, a function call, media that is no picture, or what only the provider has.

    thought: whether the model thought it on its way. signature: the model's opaque proof that it made this part.
    native: a part of a kind that the contract does not model, JSON text in `value_json`. native_fields: fields that the
    provider set beside the content, JSON text by name. All of it goes back with the part.
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
        """The function call's arguments, its whole numbers as int however large; empty where there is no call."""
        if self.function_call is None:
            return {}
        if self.function_call.args_json:
            given: dict[str, Any] = json.loads(self.function_call.args_json)
            return given
        told: dict[str, Any] = whole_numbers(MessageToDict(self.function_call.args))
        return told


@dataclass(frozen=True, slots=True)
class Chunk:
    """What an event brought. text: more of it. data: more bytes of a picture or of other media, from `offset` on. part:
    their place in the answer. image: a picture that is whole now; media: other media, likewise. Only that tells which
    of the two the bytes were. function_call, native: such a part, whole. thought: whether it is one, as far as known
    before the part's end. last: the answer is whole, and nothing else is in this chunk.
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
    """What a model said and drew.

    id: given by the server. created: seconds since 1970. model: the one that was asked; model_version: the one that
    answered. parts: all of it, in order. usage: token counts, as the contract has them. finish_reason: "STOP",
    "MAX_TOKENS", "CONTENT_FILTER", "TOOL_CALLS" or "OTHER", "" before the end; native_finish_reason: the provider's
    word; finish_message: its explanation. candidate: what stands beside the parts, as the contract has it: safety
    ratings, what a search found, what is cited, native_fields. continuation_token: set in the options of the next call
    where native_finish_reason is "CONTINUATION". model_status: what the provider says of the model's life.
    native_fields: fields of the answer that the contract does not model, JSON text by name. omitted_fields: paths in
    the provider's answer of what could not be read.
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
        """All text that is no thought, as far as it has come."""
        return "".join(part.text for part in self.parts if not part.thought)

    @property
    def images(self) -> list[Image]:
        """The pictures that are no drafts, in order."""
        return [part.image for part in self.parts if part.image and not part.thought]

    @property
    def drafts(self) -> list[Image]:
        """The pictures the model drew on its way."""
        return [part.image for part in self.parts if part.image and part.thought]

    @property
    def image(self) -> Image | None:
        """The picture: the last that is no draft, else the last; None where there is none."""
        return final_image([part.image for part in self.parts if part.image], lambda image: image.thought)

    @property
    def media(self) -> list[Media]:
        """What is no picture, in order: audio, video, documents."""
        return [part.media for part in self.parts if part.media]

    @property
    def natives(self) -> list[NativePart]:
        """The parts that only the provider has, in order."""
        return [part.native for part in self.parts if part.native]

    @property
    def cost(self) -> float | None:
        """US dollars, None when the server knows no price."""
        return self.usage.cost_usd if self.usage.HasField("cost_usd") else None

    @property
    def cost_nano_usd(self) -> int | None:
        """The same in billionths of a dollar, to be added up without error."""
        return self.usage.cost_nano_usd if self.usage.HasField("cost_nano_usd") else None

    @property
    def service_tier(self) -> str:
        """The tier that the call was served and priced by, "" when the provider did not say."""
        return self.usage.service_tier

    @property
    def blocked(self) -> str:
        """Why a filter stopped the prompt or the answer, "" when none did."""
        if self.prompt_feedback is not None:
            return _joined(self.prompt_feedback.block_reason, self.prompt_feedback.block_reason_message)
        if self.finish_reason == "CONTENT_FILTER":
            return _joined(self.native_finish_reason, self.finish_message)
        return ""

    @property
    def why_no_image(self) -> str:
        """Why there is no picture, and what to do."""
        if self.blocked:
            which = "the prompt was blocked" if self.prompt_feedback is not None else "no picture was drawn"
            return f"{which} ({self.blocked}): change the prompt and try again"
        if self.native_finish_reason == "STOP":
            return _joined("the model answered without a picture", self.text, "ask for a picture more plainly")
        reason = f"no picture was drawn ({self.native_finish_reason})"
        return _joined(reason, self.finish_message, "change the prompt and try again")

    def message(self) -> ChatMessage:
        """As a message of the next request: every part as it came, its signature and the provider's fields with it.

        Raises ValueError when there is nothing to send, or when its pictures or other media went by as frames.
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
    """A JSON value whose whole numbers are int: a Struct holds each number as a double."""
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _joined(*sentences: str) -> str:
    return ": ".join(sentence.strip().rstrip(".") for sentence in sentences if sentence)
