"""The types of pictures in answers, and of the content that holds them."""

from typing import Literal

import msgspec

from imagewire_server.formats.openai.common.json_decode import Strict


class Picture(Strict):
    """A data: URL, or where the picture is: by its URL, or where the provider wrote it, with its type as format."""

    url: str
    detail: Literal["auto"]
    format: str | msgspec.UnsetType = msgspec.UNSET
    display_name: str | msgspec.UnsetType = msgspec.UNSET


class PictureEntry(Strict):
    """One picture. thought: it is a draft. mime_type: set if the media type differs from the one in the URL."""

    type: Literal["image_url"]
    index: int
    image_url: Picture
    thought: Literal[True] | msgspec.UnsetType = msgspec.UNSET
    mime_type: str | msgspec.UnsetType = msgspec.UNSET
    image_id: str | msgspec.UnsetType = msgspec.UNSET


class TextEntry(Strict, tag_field="type", tag="text"):
    """Text in a content that is an array."""

    text: str


class ContentEntry(Strict, tag_field="type", tag="image_url"):
    """A picture in a content that is an array."""

    image_url: Picture
    thought: Literal[True] | msgspec.UnsetType = msgspec.UNSET
    mime_type: str | msgspec.UnsetType = msgspec.UNSET
    image_id: str | msgspec.UnsetType = msgspec.UNSET
