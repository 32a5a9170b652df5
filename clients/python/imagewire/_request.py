"""Specs from what people have at hand: a prompt, picture files, a ratio. What is asked is in the Spec, or refused."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from imagewire.v1.image_pb2 import Image
from imagewire.v1.message_pb2 import Message, Part, Role
from imagewire.v1.spec_pb2 import GenerationConfig, ImageConfig, Spec

Picture = bytes | str | Path | Image


class Wishes(TypedDict, total=False):
    """What the clients hand on to `build_spec`, which says what each means."""

    spec: Spec | None
    messages: Iterable[Message]
    images: Iterable[Picture]
    aspect_ratio: str
    image_size: str
    seed: int | None


def build_spec(
    model: str = "",
    prompt: str = "",
    *,
    spec: Spec | None = None,
    messages: Iterable[Message] = (),
    images: Iterable[Picture] = (),
    aspect_ratio: str = "",
    image_size: str = "",
    seed: int | None = None,
) -> Spec:
    """A Spec. model: a model's name. prompt: what to draw.

    images: pictures to edit, put before the prompt: bytes, a path, an Image; a str with "://" or "data:" in front is a
    URI. aspect_ratio: "16:9". image_size: "2K". seed: for the same picture again. messages: a whole chat, in place of
    prompt and images. spec: a whole Spec, in place of all the rest.
    Raises OSError when a file cannot be read, ValueError when two exclude each other.
    """
    if spec is not None:
        if model or prompt or messages or images or aspect_ratio or image_size or seed is not None:
            raise ValueError("spec says all that is asked: set the model, the prompt and the rest in it")
        return spec
    pictures, chat = [_image(image) for image in images], list(messages)
    if chat and (prompt or pictures):
        raise ValueError("messages are the whole chat: put the prompt and the images into the last of them")
    made = Spec(model=model, messages=chat or [_user(prompt, pictures)])
    if aspect_ratio or image_size:
        made.image_config.CopyFrom(ImageConfig(aspect_ratio=aspect_ratio, image_size=image_size))
    if seed is not None:
        made.generation_config.CopyFrom(GenerationConfig(seed=seed))
    return made


def _user(prompt: str, pictures: list[Image]) -> Message:
    if not pictures:
        return Message(role=Role.ROLE_USER, content=prompt)
    words = [Part(text=prompt)] if prompt else []
    return Message(role=Role.ROLE_USER, parts=[*(Part(image=picture) for picture in pictures), *words])


def _image(picture: Picture) -> Image:
    if isinstance(picture, Image):
        return picture
    if isinstance(picture, bytes):
        return Image(data=picture)
    if isinstance(picture, str) and ("://" in picture or picture.startswith("data:")):
        return Image(uri=picture)
    return Image(data=Path(picture).read_bytes())
