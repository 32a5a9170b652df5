"""The pictures of a message: plain dicts to whoever reads them as LiteLLM's, which `json.dumps` takes too.

Their keys are attributes as well. Their data URI is there from the beginning, since faster writers of JSON than
Python's read a dict's memory: so a message makes them only when it is asked for them.
"""

from collections.abc import Iterable
from typing import Any

from imagewire.images import Image


class ImageItemBase(dict[str, Any]):
    """A dict whose keys are attributes. A key that is not set is None as an attribute."""

    names: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name not in self.names:
            raise AttributeError(f"{type(self).__name__} has no field {name}; it has {', '.join(self.names)}")
        return self.get(name)


class ImageUrl(ImageItemBase):
    """A picture. url: a data URI, or the address the provider wrote it to; then `format` is its media type.

    picture: the Image itself.
    """

    names = ("url", "detail", "format", "display_name")

    def __init__(self, picture: Image) -> None:
        super().__init__(url=picture.uri or picture.data_uri, detail="auto")
        self.picture = picture
        if picture.uri and picture.mime_type:
            self["format"] = picture.mime_type
        if picture.display_name:
            self["display_name"] = picture.display_name


class ImageItem(ImageItemBase):
    """One of `images`: {"type": "image_url", "index": 0, "image_url": {…}}; thought: True for a draft."""

    names = ("type", "index", "image_url", "thought")

    def __init__(self, index: int, url: ImageUrl) -> None:
        super().__init__(type="image_url", index=index, image_url=url)
        if url.picture.thought:
            self["thought"] = True


def items(pictures: Iterable[tuple[int, Image]]) -> list[ImageItem]:
    """The items of numbered pictures."""
    return [ImageItem(index, ImageUrl(picture)) for index, picture in pictures]
