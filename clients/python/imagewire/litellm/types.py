"""Answers in OpenAI's and LiteLLM's shape. Fields are attributes and keys. Pictures become data URIs when accessed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from imagewire.answer import Answer
from imagewire.images import Image
from imagewire.litellm import finish, provider_fields
from imagewire.litellm.drops import argument
from imagewire.litellm.finish import FinishReason
from imagewire.litellm.image_items import ImageItem, ImageUrl, items
from imagewire.litellm.record import Record
from imagewire.litellm.usage import Usage


class Function(Record):
    """What is called; arguments: a JSON object as text, exact."""

    names = ("name", "arguments")

    def __init__(self, name: str, arguments: str) -> None:
        self.name = name
        self.arguments = arguments


class ToolCall(Record):
    """A function that the model wants called."""

    names = ("index", "id", "type", "function")
    type: Literal["function"] = "function"

    def __init__(self, answer: Answer, at: int, index: int) -> None:
        part = answer.parts[at]
        assert part.function_call is not None, "only of a part that is a call"  # noqa: S101
        self.index = index
        self.id = part.function_call.id or f"{provider_fields.OWN_CALL_ID}{answer.id.rpartition('-')[2]}_{at}"
        self.function = Function(part.function_call.name, part.function_call.args_json or json.dumps(part.args))


class Message(Record):
    """What was said and drawn. image: the final picture; images: each of them. Append it to `messages` as it is.

    provider_specific_fields: parts that OpenAI's shape has no place for, and what else must go back with the message.
    """

    names = (
        "role",
        "content",
        "reasoning_content",
        "image",
        "images",
        "tool_calls",
        "function_call",
        "refusal",
        "provider_specific_fields",
    )
    dumped = frozenset({"content", "tool_calls", "function_call"})
    role: Literal["assistant"] = "assistant"
    # Never set: OpenAI's older form of tool_calls, and a field that Google has no word for. Callers read both.
    function_call: None = None
    refusal: None = None

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.content = answer.text
        self.reasoning_content = "".join(part.text for part in answer.parts if part.thought) or None
        calls = [at for at, part in enumerate(answer.parts) if part.function_call]
        self.tool_calls = [ToolCall(answer, at, index) for index, at in enumerate(calls)] or None

    @cached_property
    def images(self) -> list[ImageItem] | None:
        """Every picture, drafts too; None where there is none."""
        return list(self._drawn) or None

    @cached_property
    def image(self) -> ImageUrl | None:
        """The final picture; None where there is none."""
        return next((item["image_url"] for item in self._drawn if item.image_url.picture is self.answer.image), None)

    @cached_property
    def _drawn(self) -> list[ImageItem]:
        """The items of both, so that no picture is encoded twice."""
        return items(enumerate(part.image for part in self.answer.parts if part.image))

    @cached_property
    def provider_specific_fields(self) -> dict[str, Any] | None:
        """None where there is nothing of it."""
        return provider_fields.of_message(self.answer) or None


@dataclass(repr=False)
class Delta(Record):
    """What is new. A picture is whole in one delta; `image` is the final one, known only at the end."""

    names = Message.names
    dumped = Message.dumped | {"role"}

    role: Literal["assistant"] | None = None
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    provider_specific_fields: dict[str, Any] | None = None
    function_call: None = None
    refusal: None = None
    # What `images` and `image` are made of, when they are asked for.
    drawn: tuple[int, Image] | None = None
    final: Image | None = None

    @cached_property
    def images(self) -> list[ImageItem] | None:
        """The picture that has come, with its number; None in other deltas."""
        return items([self.drawn] if self.drawn else []) or None

    @cached_property
    def image(self) -> ImageUrl | None:
        """The final picture; None in other deltas."""
        return ImageUrl(self.final) if self.final else None


_ENDING = ("native_finish_reason", "finish_message", "safety_ratings", "grounding_metadata", "citation_metadata")


class Choice(Record):
    """The answer, why it ended, and what the provider's filters and searches said of it."""

    names = ("finish_reason", "index", "message", "logprobs", *_ENDING, "provider_specific_fields")
    index = 0
    logprobs: None = None  # never set; callers read it

    finish_reason: FinishReason
    native_finish_reason: str | None
    finish_message: str | None
    safety_ratings: list[dict[str, Any]] | None
    grounding_metadata: dict[str, Any] | None
    citation_metadata: dict[str, Any] | None
    provider_specific_fields: dict[str, Any] | None

    def __init__(self, answer: Answer) -> None:
        self.message = Message(answer)
        vars(self).update(finish.of(answer))


@dataclass(slots=True, repr=False)
class StreamChoice(Record):
    """What is new, and in the last chunk what a Choice has beside its message."""

    names = ("finish_reason", "index", "delta", "logprobs", *_ENDING, "provider_specific_fields")
    dumped = frozenset({"finish_reason"})

    delta: Delta
    finish_reason: FinishReason | None = None
    native_finish_reason: str | None = None
    finish_message: str | None = None
    safety_ratings: list[dict[str, Any]] | None = None
    grounding_metadata: dict[str, Any] | None = None
    citation_metadata: dict[str, Any] | None = None
    provider_specific_fields: dict[str, Any] | None = None
    index: int = 0
    logprobs: None = None


class Completion(Record):
    """The whole answer in OpenAI's shape. Fields are there as attributes and as keys.

    Attributes:
        id: "chat" and the server's id of the completion.
        choices: One choice, whose `message` has `content`, `images` and `image`, the final picture.
        created: When the call began, in seconds since 1970.
        model: The model that was asked.
        object: "chat.completion".
        usage: Token counts and cost.
        service_tier: The tier that the call was billed by, in OpenAI's words; None when the provider did not say.
        provider_specific_fields: What OpenAI's shape has no place for; None where there is nothing.
        system_fingerprint: Always None; callers of OpenAI's read it.

    Examples:
        >>> answer = imagewire.completion(
        ...     "gemini/gemini-2.5-flash-image", [{"role": "user", "content": "A banana"}]
        ... )
        >>> answer.choices[0].finish_reason, answer["object"]
        ('stop', 'chat.completion')
    """

    names = (
        "id",
        "choices",
        "created",
        "model",
        "object",
        "system_fingerprint",
        "usage",
        "service_tier",
        "provider_specific_fields",
    )
    object: Literal["chat.completion"] = "chat.completion"
    system_fingerprint: None = None

    def __init__(
        self, answer: Answer, dropped: Iterable[str] = (), headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """dropped: names of what `drop_params` left out of the request. headers: REST's about it."""
        self.id = f"chat{answer.id}"
        self.created = int(answer.created)
        self.model = answer.model
        self.choices = [Choice(answer)]
        self.usage = Usage(answer)
        self.service_tier = finish.service_tier(answer)
        self.provider_specific_fields = provider_fields.of_answer(answer) or None
        self._hidden_params = hidden_params(answer, dropped, headers)
        self._response_ms: float | None = None


@dataclass(slots=True, repr=False)
class CompletionChunk(Record):
    """A piece of the answer in OpenAI's shape. Fields are there as attributes and as keys.

    Attributes:
        id: "chat" and the server's id of the completion; the same in each chunk.
        created: When the call began, in seconds since 1970.
        model: The model that was asked.
        choices: One choice, whose `delta` has what is new; none in the chunk with the usage.
        usage: Token counts and cost, in the last chunk when `stream_options` asked for it.
        service_tier: In the chunk with the finish reason, as in `Completion`.
        provider_specific_fields: In the chunk with the finish reason, as in `Completion`.
        object: "chat.completion.chunk".
        answer: The answer so far, the same object in each chunk, for `stream_chunk_builder`.
        system_fingerprint: Always None, as in `Completion`.

    Examples:
        >>> say = [{"role": "user", "content": "A banana"}]
        >>> for chunk in imagewire.completion(
        ...     "gemini/gemini-2.5-flash-image", say, stream=True
        ... ):
        ...     for choice in chunk.choices:
        ...         pictures = choice.delta.images or []
    """

    names = (
        "id",
        "object",
        "created",
        "model",
        "choices",
        "system_fingerprint",
        "usage",
        "service_tier",
        "provider_specific_fields",
    )

    id: str
    created: int
    model: str
    choices: list[StreamChoice] = field(default_factory=list)
    usage: Usage | None = None
    service_tier: str | None = None
    provider_specific_fields: dict[str, Any] | None = None
    system_fingerprint: None = None
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    answer: Answer | None = None
    _hidden_params: dict[str, Any] = field(default_factory=dict)


def hidden_params(answer: Answer, dropped: Iterable[str], headers: Mapping[str, str]) -> dict[str, Any]:
    """LiteLLM's `_hidden_params`, as far as there is something to say. `dropped_params` and `unsigned` are our own.

    The latter: the messages whose lost signatures have a placeholder.
    """
    provider, slash, _ = answer.model.partition("/")
    return {
        "response_cost": answer.cost,
        "custom_llm_provider": provider if slash else None,
        "litellm_model_name": answer.model,
        "additional_headers": dict(headers),
        "dropped_params": list(dropped),
        "unsigned": list(dict.fromkeys(argument(path).partition(".")[0] for path in answer.unsigned)),
    }
