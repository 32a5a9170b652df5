"""Makes messages of a chat from text and pictures."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from imagewire.images import Picture, image, image_to_proto
from imagewire.json_struct import struct
from imagewire.type_check import require
from imagewire.v1 import image_pb2
from imagewire.v1.message_pb2 import ChatMessage, FunctionCall, FunctionResponse, Part, Role


def user(*content: str | Picture) -> ChatMessage:
    """Make a message of the user.

    Args:
        *content: Text and pictures, in order. A str is text; for a picture's path or URI use `imagewire.image`. Empty
            text is left out.

    Returns:
        The message.

    Raises:
        OSError: A picture's file cannot be read.
        TypeError: Something is neither text nor a picture.
        ValueError: A text is no UTF-8.

    Examples:
        >>> message = imagewire.user("Make it blue", imagewire.image("https://example.com/cat.png"))
    """
    return ChatMessage(role=Role.ROLE_USER, parts=[_part(item) for item in content if item != ""])


def system(text: str) -> ChatMessage:
    """Make a system message: instructions that stand above the chat.

    Args:
        text: The instructions.

    Returns:
        The message.

    Raises:
        TypeError: `text` is no text.
        ValueError: It is no UTF-8.

    Examples:
        >>> message = imagewire.system("Draw in ink")
    """
    require("text", text, str)
    return ChatMessage(role=Role.ROLE_SYSTEM, content=text)


def assistant(*content: str | Picture) -> ChatMessage:
    """Make a message that a model is supposed to have said. An Answer is appended as it is, its signatures with it.

    Args:
        *content: Text and pictures, in order, as in `user`.

    Returns:
        The message.

    Raises:
        OSError: A picture's file cannot be read.
        TypeError: Something is neither text nor a picture.
        ValueError: A text is no UTF-8.

    Examples:
        >>> message = imagewire.assistant("Here it is", imagewire.image("https://example.com/cat.png"))
    """
    return ChatMessage(role=Role.ROLE_ASSISTANT, parts=[_part(item) for item in content])


def function_result(
    call: FunctionCall, response: Mapping[str, Any], *, images: Mapping[str, Picture] = MappingProxyType({})
) -> ChatMessage:
    """Make a message with what a function returned that the model called.

    Args:
        call: The call, `Part.function_call` of the answer.
        response: The result, as a JSON object.
        images: Pictures by name. `response` may refer to one as {"$ref": "NAME"}.

    Returns:
        The message.

    Raises:
        OSError: A picture's file cannot be read.
        TypeError: `call` is no FunctionCall, or one of `images` is no picture.
        ValueError: `response` is no JSON object, or has whole numbers beyond 2^53: send those as text.

    Examples:
        >>> from imagewire.v1.message_pb2 import FunctionCall
        >>> message = imagewire.function_result(FunctionCall(name="weather"), {"celsius": 21})
    """
    require("call", call, FunctionCall)
    try:
        result = FunctionResponse(id=call.id, name=call.name, response=struct(response))
    except ValueError as error:
        raise ValueError(f"response: {error}") from None
    for name, item in images.items():
        result.images.append(picture(item, name))
    return ChatMessage(role=Role.ROLE_TOOL, parts=[Part(function_response=result)])


def _part(item: str | Picture) -> Part:
    if isinstance(item, str):
        require("text", item, str)  # for what UTF-8 cannot hold
        return Part(text=item)
    return Part(image=picture(item))


def picture(item: Picture, display_name: str = "") -> image_pb2.Image:
    """The protobuf message of a picture, given as `image` takes it. display_name: only where it is allowed."""
    if isinstance(item, image_pb2.Image) and not display_name:
        return item
    return image_to_proto(image(item), display_name)
