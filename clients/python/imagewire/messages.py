"""Messages of a chat, from words and pictures."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from imagewire.images import Picture, image, image_to_proto
from imagewire.json_struct import struct
from imagewire.v1 import image_pb2
from imagewire.v1.message_pb2 import ChatMessage, FunctionCall, FunctionResponse, Part, Role


def user(*content: str | Picture) -> ChatMessage:
    """What the person says and shows, in order. A str is text: a picture's path or URI goes through `image`.

    Text that is empty says nothing, and is left out. Raises OSError when a file cannot be read, TypeError when
    something is neither text nor a picture.
    """
    return ChatMessage(role=Role.ROLE_USER, parts=[_part(item) for item in content if item != ""])


def system(text: str) -> ChatMessage:
    """Instructions that stand above the chat."""
    return ChatMessage(role=Role.ROLE_SYSTEM, content=text)


def assistant(*content: str | Picture) -> ChatMessage:
    """What a model is to have said, as `user`. An Answer is appended as it is, its signatures with it."""
    return ChatMessage(role=Role.ROLE_ASSISTANT, parts=[_part(item) for item in content])


def function_result(
    call: FunctionCall, response: Mapping[str, Any], *, images: Mapping[str, Picture] = MappingProxyType({})
) -> ChatMessage:
    """What a function returned that the model called. call: `Part.function_call` of the answer.

    response: a JSON object. images: pictures by names, by which `response` may refer to them: {"$ref": "NAME"}. Raises
    as `user`, and ValueError when `response` is no JSON object, or has whole numbers beyond 2^53: send those as text.
    """
    try:
        result = FunctionResponse(id=call.id, name=call.name, response=struct(response))
    except ValueError as error:
        raise ValueError(f"response: {error}") from None
    for name, item in images.items():
        result.images.append(picture(item, name))
    return ChatMessage(role=Role.ROLE_TOOL, parts=[Part(function_response=result)])


def _part(item: str | Picture) -> Part:
    if isinstance(item, str):
        return Part(text=item)
    return Part(image=picture(item))


def picture(item: Picture, display_name: str = "") -> image_pb2.Image:
    """The contract's picture for what people have at hand: as `image` takes it. display_name: where it may have one."""
    if isinstance(item, image_pb2.Image) and not display_name:
        return item
    return image_to_proto(image(item), display_name)
