"""What a picture can be made of: the encoded file of each, without loss. Pillow is loaded only for its own pictures."""

import contextlib
import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol, runtime_checkable

from imagewire import files

# What no provider takes, by the first bytes of the file.
_REFUSED = ((b"GIF8", "GIF"), (b"BM", "BMP"), (b"II*\x00", "TIFF"), (b"MM\x00*", "TIFF"))
_TAKEN = frozenset({"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"})
_COLOR_TYPES = {1: 0, 3: 2, 4: 6}  # PNG's, by the number of channels
_ORIENTATION = 0x0112  # EXIF's tag


@runtime_checkable
class PillowImage(Protocol):
    """The part of Pillow's Image that is used."""

    def save(self, fp: IO[bytes], format: str | None = ..., **params: Any) -> None: ...  # noqa: A002

    def tobytes(self, *args: Any) -> bytes: ...


@runtime_checkable
class Array(Protocol):
    """The part of numpy's array that is used."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def tobytes(self) -> bytes: ...


@runtime_checkable
class Readable(Protocol):
    """A file that is open for reading bytes."""

    def read(self) -> bytes: ...


Source = bytes | bytearray | memoryview | str | os.PathLike[str] | Readable | PillowImage | Array


def encoded(source: Source) -> bytes:
    """The encoded file of a source. Raises OSError, TypeError, and ValueError for what cannot be sent."""
    match source:
        case bytes():
            data = source
        case bytearray() | memoryview():
            data = bytes(source)
        case str() | os.PathLike():
            data = Path(source).read_bytes()
        case PillowImage():
            return _original(source) or _png(source)
        case Array():
            return _png_of(source)
        case Readable():
            data = _read(source)
        case _ if _is_buffer(source):
            data = bytes(memoryview(source))
        case _:
            kind = type(source).__name__
            raise TypeError(
                f"{kind} is not a picture: give a path, a URI, bytes, an open file, an Image, Pillow's picture or a"
                " numpy array"
            )
    _check(data)
    return data


def is_one_picture(source: object) -> bool:
    """Whether this is one picture, and not a list of them."""
    if isinstance(source, bytes | bytearray | memoryview | str | os.PathLike | PillowImage | Array | Readable):
        return True
    return _is_buffer(source)


def _is_buffer(source: Any) -> bool:
    """Whether it gives its bytes as `bytes` does, such as an array of the module array, or of ctypes."""
    try:
        memoryview(source).release()
    except (TypeError, BufferError):
        return False
    return True


def _read(file: Readable) -> bytes:
    data: object = file.read()
    if isinstance(data, str):
        raise TypeError('the file was opened as text: open it with mode "rb"')
    if not isinstance(data, bytes | bytearray | memoryview):
        if close := getattr(data, "close", None):  # a coroutine of an asynchronous file
            close()
        raise TypeError(
            f"read() of {type(file).__name__} returns {type(data).__name__}: give a file that returns bytes"
        )
    if not data:
        raise ValueError("the file has no bytes from its position on: it is empty, or needs seek(0) first")
    return bytes(data)


def refused_type(data: bytes) -> str:
    """The name of the file's type, if no provider takes it; else ""."""
    if data[4:12] in {b"ftypavif", b"ftypavis"}:
        return "AVIF"
    return next((name for start, name in _REFUSED if data.startswith(start)), "")


def _check(data: bytes) -> None:
    if refused := refused_type(data):
        raise ValueError(
            f"a picture of type {refused} is not taken, but PNG, JPEG, WebP, HEIC and HEIF are: convert it, or give"
            " imagewire.image(PIL.Image.open(...)), which is sent as PNG"
        )


def _original(picture: Any) -> bytes | None:
    """The file that Pillow's picture was opened from. None where it is another picture now, or is not taken."""
    import PIL.Image  # noqa: PLC0415

    with contextlib.suppress(OSError, ValueError, SyntaxError):
        data = _file_of(picture)
        if files.media_type(data) not in _TAKEN:
            return None
        with PIL.Image.open(io.BytesIO(data)) as again:
            if getattr(again, "n_frames", 1) > 1:  # a picture has one frame, which was chosen
                return None
            same = (again.mode, again.size) == (picture.mode, picture.size)
            turned = again.getexif().get(_ORIENTATION) == picture.getexif().get(_ORIENTATION)
            return data if same and turned and again.tobytes() == picture.tobytes() else None
    return None


def _file_of(picture: Any) -> bytes:
    """The bytes of the file behind Pillow's picture, while Pillow has it. Raises ValueError or OSError."""
    if name := getattr(picture, "filename", ""):
        return Path(name).read_bytes()
    file = getattr(picture, "fp", None)
    if file is None:
        raise ValueError
    with _at_start(file):
        data: bytes = file.read()
    return data


@contextlib.contextmanager
def _at_start(file: IO[bytes]) -> Iterator[None]:
    position = file.tell()
    file.seek(0)
    try:
        yield
    finally:
        file.seek(position)


def _png(picture: Any) -> bytes:
    """Pillow's picture as PNG, upright: PNG readers do not turn pictures by their EXIF data."""
    from PIL import ImageOps  # noqa: PLC0415

    made = io.BytesIO()
    try:
        ImageOps.exif_transpose(picture).save(made, "PNG")
    except (OSError, ValueError):
        raise ValueError(
            f'a picture of mode {picture.mode} cannot be sent as PNG, or is empty: convert it, as by .convert("RGB")'
        ) from None
    return made.getvalue()


def _png_of(array: Array) -> bytes:
    """A numpy array as PNG."""
    shape = array.shape
    channels = shape[2] if len(shape) == 3 else 1
    if str(array.dtype) != "uint8":
        raise TypeError(
            f"an array of {array.dtype} is not a picture: convert it to uint8, such as (255 * array).astype('uint8')"
        )
    if len(shape) not in {2, 3} or channels not in _COLOR_TYPES or 0 in shape:
        raise ValueError(
            f"an array of shape {shape} is not a picture: give (height, width), or (height, width, 3) for RGB, or"
            " (height, width, 4) for RGBA"
        )
    height, width = shape[:2]
    pixels, row = array.tobytes(), width * channels
    # Each row begins with the number of its filter: 0, for none.
    rows = b"".join(b"\0" + pixels[at : at + row] for at in range(0, height * row, row))
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOR_TYPES[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
