"""Messages of a chat, from words and pictures."""

from imagewire import _image
from imagewire._image import Picture
from imagewire.v1 import image_pb2
from imagewire.v1.message_pb2 import ChatMessage, Part, Role


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


def _part(item: str | Picture) -> Part:
    if isinstance(item, str):
        return Part(text=item)
    return Part(image=picture(item))


def picture(item: Picture) -> image_pb2.Image:
    """The contract's picture for what people have at hand: as `image` takes it."""
    return item if isinstance(item, image_pb2.Image) else _image.to_message(_image.image(item))
