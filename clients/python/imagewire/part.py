"""The parts of answers, and the chunks of a stream. Sans-IO."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToDict

from imagewire.images import Image, image_to_proto
from imagewire.media import Media, media_to_proto
from imagewire.short_repr import short_repr
from imagewire.v1.message_pb2 import FunctionCall, NativePart
from imagewire.v1.message_pb2 import Part as WirePart


@dataclass(frozen=True, slots=True, repr=False)
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

    __repr__ = short_repr

    @property
    def args(self) -> dict[str, Any]:
        """The arguments of the function call.

        Returns:
            The arguments by name; whole numbers are int, however large. Empty if there is no call.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.chat.create().append("A banana").sample().parts[0].args)
            {}
        """
        if self.function_call is None:
            return {}
        if self.function_call.args_json:
            given: dict[str, Any] = json.loads(self.function_call.args_json)
            return given
        told: dict[str, Any] = whole_numbers(MessageToDict(self.function_call.args))
        return told


@dataclass(frozen=True, slots=True, repr=False)
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

    __repr__ = short_repr


def part_to_proto(part: Part) -> WirePart:
    """The part as it goes back to the server."""
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
