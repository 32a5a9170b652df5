"""Answers in OpenAI's and LiteLLM's shape: fields by attribute and by key. Pictures become data URIs when looked at."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

from imagewire._answer import Answer
from imagewire._image import Image

FinishReason = Literal["stop", "length", "content_filter", "tool_calls"]

_FINISH_REASONS: dict[str, FinishReason] = {"STOP": "stop", "MAX_TOKENS": "length", "TOOL_CALLS": "tool_calls"}


class Record:
    """Fields by attribute and by key, as LiteLLM's objects have them."""

    names: ClassVar[tuple[str, ...]] = ()

    def keys(self) -> tuple[str, ...]:
        """The names of the fields that are set."""
        return tuple(name for name in self.names if getattr(self, name) is not None)

    def __getitem__(self, name: str) -> Any:
        if name not in self.names:
            raise KeyError(name)
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def get(self, name: str, default: Any = None) -> Any:
        """As a dict's."""
        return self[name] if name in self else default  # noqa: SIM401  # that would call this

    def model_dump(self) -> dict[str, Any]:
        """All of it as dicts and lists, ready for JSON; what is None is left out."""
        return {name: _plain(self[name]) for name in self.keys()}

    def __repr__(self) -> str:
        return repr({name: self[name] for name in self.keys()})


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.model_dump()
    return [_plain(item) for item in value] if isinstance(value, list) else value


class ImageUrl(Record):
    """A picture: url, a data URI; detail. picture: the same with its bytes as they are."""

    names = ("url", "detail")
    detail: Literal["auto"] = "auto"

    def __init__(self, picture: Image) -> None:
        self.picture = picture

    @cached_property
    def url(self) -> str:
        """The data URI."""
        return self.picture.data_uri


class ImageItem(Record):
    """One of `images`: {"type": "image_url", "index": 0, "image_url": {…}}; thought: True for a draft."""

    names = ("type", "index", "image_url", "thought")
    type: Literal["image_url"] = "image_url"

    def __init__(self, index: int, picture: Image) -> None:
        self.index = index
        self.image_url = ImageUrl(picture)
        self.thought = True if picture.thought else None


class Message(Record):
    """What was said and drawn. image: the final picture; images: each of them. Append it to `messages` as it is."""

    names = ("role", "content", "reasoning_content", "image", "images", "provider_specific_fields")
    role: Literal["assistant"] = "assistant"

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.provider_specific_fields = _extras(answer)
        self.content = answer.text
        self.reasoning_content = "".join(part.text for part in answer.parts if part.thought) or None
        pictures = [part.image for part in answer.parts if part.image]
        self.image = ImageUrl(answer.image) if answer.image else None
        self.images = [ImageItem(index, picture) for index, picture in enumerate(pictures)] or None


def _extras(answer: Answer) -> dict[str, Any] | None:
    """The parts in order and their signatures, as the server's REST has them; None where there are no signatures."""
    if not any(part.signature for part in answer.parts):
        return None
    kinds = ["image" if p.image else f"{'thought' if p.thought else 'text'}:{len(p.text)}" for p in answer.parts]
    signatures = [base64.b64encode(p.signature).decode() if p.signature else None for p in answer.parts]
    return {"thought_signatures": signatures, "parts": kinds}


@dataclass(slots=True, repr=False)
class Delta(Record):
    """What is new. A picture is whole in one delta; `image` is the final one, known only at the end."""

    names = ("role", "content", "reasoning_content", "image", "images")

    role: Literal["assistant"] | None = None
    content: str | None = None
    reasoning_content: str | None = None
    image: ImageUrl | None = None
    images: list[ImageItem] | None = None


class Choice(Record):
    """The answer, and why it ended."""

    names = ("finish_reason", "index", "message", "native_finish_reason", "finish_message")
    index = 0

    def __init__(self, answer: Answer) -> None:
        self.finish_reason = finish_reason(answer)
        self.message = Message(answer)
        self.native_finish_reason = native_reason(answer)
        self.finish_message = answer.finish_message or None


@dataclass(slots=True, repr=False)
class StreamChoice(Record):
    """What is new, and in the last chunk why it ended."""

    names = ("finish_reason", "index", "delta", "native_finish_reason")

    delta: Delta
    finish_reason: FinishReason | None = None
    native_finish_reason: str | None = None
    index: int = 0


class Usage(Record):
    """Token counts, and the cost in US dollars, None when the server knows no price."""

    names = ("prompt_tokens", "completion_tokens", "total_tokens", "cost")

    def __init__(self, answer: Answer) -> None:
        used = answer.usage
        self.prompt_tokens = used.prompt_tokens + used.tool_use_prompt_tokens
        self.completion_tokens = used.candidates_tokens + used.thoughts_tokens
        self.total_tokens = used.total_tokens
        self.cost = answer.cost


class Completion(Record):
    """The whole answer."""

    names = ("id", "choices", "created", "model", "object", "usage")
    object: Literal["chat.completion"] = "chat.completion"

    def __init__(self, answer: Answer) -> None:
        self.id = f"chat{answer.id}"
        self.created = int(answer.created)
        self.model = answer.model
        self.choices = [Choice(answer)]
        self.usage = Usage(answer)


@dataclass(slots=True, repr=False)
class CompletionChunk(Record):
    """A piece of the answer. usage: in the last one, which has no choices, when it was asked for."""

    names = ("id", "object", "created", "model", "choices", "usage")

    id: str
    created: int
    model: str
    choices: list[StreamChoice] = field(default_factory=list)
    usage: Usage | None = None
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"


def finish_reason(answer: Answer) -> FinishReason:
    """OpenAI's word; what it has none for ended with less than was asked."""
    return _FINISH_REASONS.get(answer.finish_reason, "content_filter")


def native_reason(answer: Answer) -> str | None:
    """Google's word, for a blocked prompt too."""
    if answer.prompt_feedback is not None:
        return answer.prompt_feedback.block_reason
    return answer.native_finish_reason or None
