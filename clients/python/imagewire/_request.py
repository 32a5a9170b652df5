"""Specs from what people have at hand: a prompt, picture files, a ratio."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict, Unpack

from imagewire.v1.image_pb2 import Image
from imagewire.v1.message_pb2 import Message, Part, Role
from imagewire.v1.spec_pb2 import GenerationConfig, ImageConfig, Spec

Picture = bytes | str | Path | Image


class Wishes(TypedDict, total=False):
    """What may be asked beside a prompt.

    images: pictures to edit, put before the prompt: bytes, a path, an Image; a str with "://" or "data:" in front is a
    URI. aspect_ratio: "16:9". image_size: "2K". seed: for the same picture again.
    """

    images: Iterable[Picture]
    aspect_ratio: str
    image_size: str
    seed: int | None


def build_spec(model: str, prompt: str | Sequence[Message], **wishes: Unpack[Wishes]) -> Spec:
    """A Spec. prompt: what to draw, or a whole chat. Raises OSError when a file cannot be read."""
    pictures = [_image(picture) for picture in wishes.get("images", ())]
    aspect_ratio, image_size = wishes.get("aspect_ratio", ""), wishes.get("image_size", "")
    seed = wishes.get("seed")
    if isinstance(prompt, str):
        messages = [_user(prompt, pictures)]
    elif pictures:
        raise ValueError("images go with a prompt that is a text; in a chat, put them into its messages")
    else:
        messages = list(prompt)
    spec = Spec(model=model, messages=messages)
    if aspect_ratio or image_size:
        spec.image_config.CopyFrom(ImageConfig(aspect_ratio=aspect_ratio, image_size=image_size))
    if seed is not None:
        spec.generation_config.CopyFrom(GenerationConfig(seed=seed))
    return spec


def _user(prompt: str, pictures: list[Image]) -> Message:
    if not pictures:
        return Message(role=Role.ROLE_USER, content=prompt)
    return Message(role=Role.ROLE_USER, parts=[*(Part(image=picture) for picture in pictures), Part(text=prompt)])


def _image(picture: Picture) -> Image:
    if isinstance(picture, Image):
        return picture
    if isinstance(picture, bytes):
        return Image(data=picture)
    if isinstance(picture, str) and ("://" in picture or picture.startswith("data:")):
        return Image(uri=picture)
    return Image(data=Path(picture).read_bytes())
