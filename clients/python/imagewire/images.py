"""Pictures: an encoded file and what is known of it. Pillow is loaded only when it is needed."""

import base64
import dataclasses
import hashlib
import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from imagewire import files
from imagewire.file_bytes import require_bytes
from imagewire.picture_source import Source, encoded
from imagewire.short_repr import short_repr
from imagewire.type_check import require
from imagewire.v1 import image_pb2

if TYPE_CHECKING:
    import PIL.Image

Detail = Literal["auto", "low", "medium", "high", "ultra_high"]

_DETAILS: dict[Detail, image_pb2.ImageDetail] = {
    "auto": image_pb2.ImageDetail.IMAGE_DETAIL_UNSPECIFIED,
    "low": image_pb2.ImageDetail.IMAGE_DETAIL_LOW,
    "medium": image_pb2.ImageDetail.IMAGE_DETAIL_MEDIUM,
    "high": image_pb2.ImageDetail.IMAGE_DETAIL_HIGH,
    "ultra_high": image_pb2.ImageDetail.IMAGE_DETAIL_ULTRA_HIGH,
}


@dataclass(frozen=True, slots=True, repr=False)
class Image:
    """A picture: of an answer, or to be sent. `imagewire.image` makes one to be sent.

    Attributes:
        uri: The address, when the picture is sent by its address, or when the provider wrote it to a bucket. The bytes
            are not here then.
        mime_type: The media type, such as "image/png"; "" when unknown.
        width: In pixels; 0 when unknown.
        height: In pixels; 0 when unknown.
        size_bytes: The size of the encoded file, in bytes.
        sha256: The SHA-256 of the encoded file, in hexadecimal digits.
        thought: Whether the picture is a draft of the model's thinking.
        detail: How closely a model looks at it.
        display_name: The provider's name of it; mostly "".
        image_id: The server's id of it, on a server that keeps pictures; else "".

    Examples:
        >>> with imagewire.Client() as client:
        ...     picture = client.draw("A banana")
        ...     print(picture.mime_type, picture.size_bytes == len(picture.data))
        image/png True
    """

    _data: bytes | None = field(default=None, repr=False)
    uri: str = ""
    mime_type: str = ""
    width: int = 0
    height: int = 0
    size_bytes: int = 0
    sha256: str = ""
    thought: bool = False
    detail: Detail = "auto"
    display_name: str = ""
    image_id: str = ""

    __repr__ = short_repr

    @property
    def is_here(self) -> bool:
        """Whether the bytes are here.

        Returns:
            False if the picture has only an address, or its bytes were not kept (`Chat.frames`).

        Examples:
            >>> imagewire.image("https://example.com/cat.png").is_here
            False
        """
        return self._data is not None

    @property
    def data(self) -> bytes:
        """The encoded file.

        Returns:
            Its bytes.

        Raises:
            ValueError: The bytes are not here; the message says where they are.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.draw("A banana").data[1:4])
            b'PNG'
        """
        return require_bytes(self._data, "picture", self.uri, self.image_id)

    @property
    def data_uri(self) -> str:
        """The picture as a data URI, for HTML.

        Returns:
            A text such as "data:image/png;base64,…".

        Raises:
            ValueError: The bytes are not here; the message says where they are.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.draw("A banana").data_uri[:22])
            data:image/png;base64,
        """
        return f"data:{self.mime_type};base64,{base64.b64encode(self.data).decode()}"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, completely or not at all. A file of that name is replaced.

        Args:
            path: The file's name. Its suffix is set to that of the picture: "cat" becomes "cat.png", and so does
                "cat.jpg" when the picture is a PNG.

        Returns:
            The name that the file got.

        Raises:
            OSError: The file cannot be written.
            FileExistsError: The suffix was another type's, and a file with the fitting one is there.
            ValueError: The bytes are not here.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.draw("A banana").save("banana"))
            banana.png
        """
        return files.save(Path(path), self.data, self.mime_type)

    def to_pil(self) -> "PIL.Image.Image":
        """Open the picture with Pillow.

        Returns:
            Pillow's picture.

        Raises:
            ModuleNotFoundError: Pillow is not installed: `pip install pillow`.
            ValueError: The bytes are not here.

        Examples:
            >>> with imagewire.Client() as client:
            ...     width, height = client.draw("A banana").to_pil().size
        """
        import PIL.Image  # noqa: PLC0415

        return PIL.Image.open(io.BytesIO(self.data))

    def _repr_png_(self) -> bytes | None:
        return self._shown_as("image/png")

    def _repr_jpeg_(self) -> bytes | None:
        return self._shown_as("image/jpeg")

    def _shown_as(self, mime_type: str) -> bytes | None:
        """For notebooks, where None means: not in this format."""
        return self._data if self.mime_type == mime_type else None


Picture = Source | Image | image_pb2.Image


def image(source: Picture, *, detail: Detail = "auto", mime_type: str = "") -> Image:
    """Make a picture to be sent.

    Args:
        source: A path; the encoded file as bytes, bytearray or memoryview, or open for reading; an Image of an answer;
            a text that is a URI: "https://…", "gs://…" or "data:…"; a numpy array of uint8, of shape (height, width),
            or with 3 or 4 channels; or Pillow's picture. Of Pillow's picture the file that it was opened from is sent
            if it is still the same picture and Pillow still has the file; else it is sent as PNG, turned upright. Files
            are PNG, JPEG, WebP, HEIC or HEIF.
        detail: How closely the model looks at it: "auto", "low", "medium", "high" or "ultra_high".
        mime_type: The media type. Default: that of the bytes, and with "gs://" that of the name's ending, such as
            ".png"; a name that does not tell it needs `mime_type`.

    Returns:
        The picture.

    Raises:
        OSError: The file cannot be read.
        TypeError: `source` is no picture.
        ValueError: `detail` is unknown, the picture is of a type or mode that is not taken, a URI is no UTF-8, or the
            type of a picture at "gs://" is not known; the message says what to do.

    Examples:
        >>> cat = imagewire.image("https://example.com/cat.png", detail="low")
        >>> with imagewire.Client() as client:
        ...     banana = imagewire.image(client.draw("A banana").to_pil())
        >>> banana.mime_type
        'image/png'
    """
    if detail not in _DETAILS:
        raise ValueError(f"detail: must be {', '.join(_DETAILS)}")
    require("mime_type", mime_type, str)
    if isinstance(source, image_pb2.Image):
        source = image_from_proto(source)
    if isinstance(source, Image):
        closely = source.detail if detail == "auto" else detail
        return dataclasses.replace(source, detail=closely, mime_type=mime_type or source.mime_type)
    if isinstance(source, str) and ("://" in source or source.startswith("data:")):
        require("source", source, str)
        return Image(uri=source, mime_type=mime_type or _type_at(source), detail=detail)
    data = encoded(source)
    given = mime_type or files.media_type(data)
    return Image(data, "", given, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), detail=detail)


def _type_at(uri: str) -> str:
    """The media type of a picture that is sent by its address, "" where the server reads it from the bytes."""
    if uri[:5].lower() != "gs://":
        return ""
    if found := files.input_type(uri):
        return found
    raise ValueError(
        f"{uri}: its name does not tell its type, as {', '.join(files.INPUTS)} would: give"
        ' imagewire.image(uri, mime_type="image/png"), or what it is'
    )


def image_from_proto(message: image_pb2.Image, data: bytes | None = None, *, thought: bool = False) -> Image:
    """An Image of a protobuf message. data: the bytes, where they arrived separately."""
    detail: Detail = next((name for name, value in _DETAILS.items() if value == message.detail), "auto")
    return Image(
        data if data is not None or message.WhichOneof("source") != "data" else message.data,
        message.uri,
        message.mime_type,
        message.width,
        message.height,
        message.size_bytes,
        message.sha256.hex(),
        thought,
        detail,
        message.display_name,
        message.image_id,
    )


def image_to_proto(given: Image, display_name: str = "") -> image_pb2.Image:
    """The protobuf message of an Image. display_name: only where it is allowed. Raises ValueError without a source."""
    made = image_pb2.Image(mime_type=given.mime_type, detail=_DETAILS[given.detail], display_name=display_name)
    if given.uri:
        made.uri = given.uri
    elif given.image_id and not given.is_here:
        made.image_id = given.image_id
    else:
        made.data = given.data
    return made
