"""Answers. Sans-IO."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagewire.answer_json import answer_to_dict
from imagewire.call_facts import CallFacts, KnowsItsCall
from imagewire.final_image import final_image
from imagewire.images import Image
from imagewire.media import Media
from imagewire.part import Part, part_to_proto
from imagewire.short_repr import short_repr
from imagewire.v1.chat_service_pb2 import CandidateFinished, ModelStatus, PromptFeedback
from imagewire.v1.message_pb2 import ChatMessage, NativePart, Role
from imagewire.v1.usage_pb2 import Usage


@dataclass(slots=True, repr=False)
class Answer(KnowsItsCall):
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
        expires: Until when the server keeps the answer, in seconds since 1970; 0 if it does not.
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
    expires: float = 0.0
    native_response_id: str = ""
    candidate: CandidateFinished = field(default_factory=CandidateFinished)
    model_status: ModelStatus | None = None
    continuation_token: bytes = field(default=b"", repr=False)
    native_fields: Mapping[str, str] = field(default_factory=dict)
    omitted_fields: list[str] = field(default_factory=list)
    _facts: CallFacts = field(default_factory=CallFacts, repr=False, compare=False)

    __repr__ = short_repr

    @property
    def text(self) -> str:
        """All text that is not a thought.

        Returns:
            The texts, joined; "" if there is none.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.chat.create().append("A banana").sample().text != "")
            True
        """
        return "".join(part.text for part in self.parts if not part.thought)

    @property
    def images(self) -> list[Image]:
        """The pictures that are not drafts.

        Returns:
            The pictures, in order; empty if there is none.

        Examples:
            >>> with imagewire.Client() as client:
            ...     answer = client.chat.create().append("A banana").sample()
            ...     print([image.mime_type for image in answer.images])
            ['image/png']
        """
        return [part.image for part in self.parts if part.image and not part.thought]

    @property
    def drafts(self) -> list[Image]:
        """The pictures that the model drew while thinking.

        Returns:
            The drafts, in order; empty if there is none.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.chat.create().append("A banana").sample().drafts)
            []
        """
        return [part.image for part in self.parts if part.image and part.thought]

    @property
    def image(self) -> Image | None:
        """The final picture.

        Returns:
            The last picture that is not a draft, else the last draft; None if there is none.

        Examples:
            >>> with imagewire.Client() as client:
            ...     image = client.chat.create().append("A banana").sample().image
            ...     print(image.mime_type)
            image/png
        """
        return final_image([part.image for part in self.parts if part.image], lambda image: image.thought)

    @property
    def media(self) -> list[Media]:
        """Audio, video and documents.

        Returns:
            The media, in order; empty if there is none.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.chat.create().append("A banana").sample().media)
            []
        """
        return [part.media for part in self.parts if part.media]

    @property
    def natives(self) -> list[NativePart]:
        """The parts of kinds that the contract does not model.

        Returns:
            The parts as protobuf messages, in order; empty if there is none.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.chat.create().append("A banana").sample().natives)
            []
        """
        return [part.native for part in self.parts if part.native]

    @property
    def cost(self) -> float | None:
        """What the call cost.

        Returns:
            US dollars; None if the server knows no price.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.chat.create().append("A banana").sample().cost > 0)
            True
        """
        return self.usage.cost_usd if self.usage.HasField("cost_usd") else None

    @property
    def cost_nano_usd(self) -> int | None:
        """What the call cost, as a whole number, so that sums are exact.

        Returns:
            Billionths of a US dollar; None if the server knows no price.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.chat.create().append("A banana").sample().cost_nano_usd > 0)
            True
        """
        return self.usage.cost_nano_usd if self.usage.HasField("cost_nano_usd") else None

    @property
    def service_tier(self) -> str:
        """The service tier by which the call was served and billed.

        Returns:
            The tier in the provider's words; "" if it did not say.

        Examples:
            >>> with imagewire.Client() as client:
            ...     tier = client.chat.create().append("A banana").sample().service_tier
        """
        return self.usage.service_tier

    @property
    def blocked(self) -> str:
        """Why a filter stopped the prompt or the answer.

        Returns:
            The provider's reason and explanation; "" if no filter stopped it.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.chat.create().append("A banana").sample().blocked == "")
            True
        """
        if self.prompt_feedback is not None:
            return _joined(self.prompt_feedback.block_reason, self.prompt_feedback.block_reason_message)
        if self.finish_reason == "CONTENT_FILTER":
            return _joined(self.native_finish_reason, self.finish_message)
        return ""

    @property
    def why_no_image(self) -> str:
        """Why there is no picture, and what to do. Read it only if `image` is None.

        Returns:
            One sentence, for people.

        Examples:
            >>> with imagewire.Client() as client:
            ...     answer = client.chat.create().append("A banana").sample()
            ...     if answer.image is None:
            ...         print(answer.why_no_image)
        """
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
            ValueError: The answer is empty or not whole, or its files' bytes were not kept (`Chat.frames`).

        Examples:
            >>> with imagewire.Client() as client:
            ...     answer = client.chat.create().append("A banana").sample()
            ...     messages = [imagewire.user("A banana"), answer.message(), imagewire.user("Make it blue")]
            ...     blue = client.chat.create(messages=messages).sample()
        """
        self._facts.check_finished(self.id if self.expires else "")
        if not self.parts:
            raise ValueError(f"the answer is empty, so it cannot be part of a chat: {self.why_no_image}")
        return ChatMessage(role=Role.ROLE_ASSISTANT, parts=[part_to_proto(part) for part in self.parts])

    def to_dict(self, *, data: bool = True) -> dict[str, Any]:
        """Make a dict that can be written as JSON.

        Args:
            data: Whether it has the bytes of pictures, of other media and of signatures, as base64.

        Returns:
            The answer's attributes by name, with the types of JSON. "parts" has an object for each part: its "type"
            ("text", "image", "media", "function_call" or "native"), "thought", and the content: "text"; "mime_type",
            "size_bytes", "sha256", "width", "height", "image_id" if it is kept, and "data" or "uri"; "id", "name" and
            "args"; "kind" and "value".

        Examples:
            >>> with imagewire.Client() as client:
            ...     answer = client.chat.create().append("A banana").sample()
            >>> [part["type"] for part in answer.to_dict(data=False)["parts"]]
            ['text', 'image']
        """
        return answer_to_dict(self, data=data)

    def to_json(self, *, data: bool = True, indent: int | None = None) -> str:
        """Write the answer as JSON text.

        Args:
            data: As in `to_dict`.
            indent: How many blanks each level is indented by. Default: all is on one line.

        Returns:
            The text of `to_dict`.

        Examples:
            >>> with imagewire.Client() as client:
            ...     answer = client.chat.create().append("A banana").sample()
            >>> answer.to_json(data=False)[:6]
            '{"id":'
        """
        return json.dumps(self.to_dict(data=data), ensure_ascii=False, indent=indent)


def _joined(*sentences: str) -> str:
    return ": ".join(sentence.strip().rstrip(".") for sentence in sentences if sentence)
