"""What a picture can be made of, and that nothing of it is lost."""

import ctypes
import io
import random
from array import array as ByteArray  # noqa: N812  # numpy's is here too
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import PIL.Image
import PIL.ImageOps
import pytest

import imagewire
from imagewire import image
from tests.pictures import JPEG, PNG

NOISE = random.Random(7).randbytes(48 * 32 * 3)


def photo(kind: str = "JPEG", orientation: int = 1) -> bytes:
    """A file of a camera."""
    made, exif = PIL.Image.frombytes("RGB", (48, 32), NOISE), PIL.Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    made.save(file, kind, exif=exif)
    return file.getvalue()


def decoded(data: bytes) -> PIL.Image.Image:
    opened = PIL.Image.open(io.BytesIO(data))
    opened.load()
    return opened


SOURCES: dict[str, Callable[[Path], Any]] = {
    "bytearray": lambda path: bytearray(PNG),
    "memoryview": lambda path: memoryview(PNG),
    "part of a memoryview": lambda path: memoryview(b"xx" + PNG)[2:],
    "array": lambda path: ByteArray("B", PNG),
    "ctypes": lambda path: (ctypes.c_char * len(PNG)).from_buffer_copy(PNG),
    "BytesIO": lambda path: io.BytesIO(PNG),
    "open file": lambda path: path.open("rb"),
    "unbuffered file": lambda path: path.open("rb", buffering=0),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_bytes_and_files_are_sent_as_they_are(tmp_path: Path, source: Callable[[Path], Any]) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    given = source(path)
    assert (image(given).data, image(PNG).mime_type) == (PNG, "image/png")
    getattr(given, "close", lambda: None)()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("loaded", [False, True])
def test_the_file_that_pillow_opened_is_sent(tmp_path: Path, kind: str, loaded: bool) -> None:
    path = tmp_path / "photo"
    path.write_bytes(photo(kind, orientation=6))
    with PIL.Image.open(path) as opened:
        if loaded:
            opened.load()
        assert image(opened).data == path.read_bytes()


def test_a_file_in_memory_is_sent_too() -> None:
    file = io.BytesIO(photo())
    file.seek(3)
    made = image(PIL.Image.open(file))
    assert (made.data, made.mime_type) == (photo(), "image/jpeg")


CHANGES: dict[str, Callable[[PIL.Image.Image], PIL.Image.Image | None]] = {
    "pixel": lambda opened: opened.putpixel((0, 0), (1, 2, 3)),
    "thumbnail": lambda opened: opened.thumbnail((24, 24)),
    "resize": lambda opened: opened.resize((5, 4)),
    "upright": PIL.ImageOps.exif_transpose,
    "upright in place": lambda opened: PIL.ImageOps.exif_transpose(opened, in_place=True),
    "copy": lambda opened: opened.copy(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_picture_is_sent_as_it_is_now_and_upright(
    tmp_path: Path, change: Callable[[PIL.Image.Image], PIL.Image.Image | None]
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo(orientation=6))
    with PIL.Image.open(path) as opened:
        changed = change(opened) or opened
        sent, wanted = decoded(image(changed).data), PIL.ImageOps.exif_transpose(changed)
        assert (sent.format, sent.size, sent.tobytes()) == ("PNG", wanted.size, wanted.tobytes())
        assert sent.getexif().get(0x0112, 1) == 1


def test_a_file_that_is_another_one_now_is_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo())
    with PIL.Image.open(path) as opened:
        opened.load()
        path.write_bytes(JPEG)
        assert decoded(image(opened).data).size == (48, 32)
        path.unlink()
        assert decoded(image(opened).data).tobytes() == opened.tobytes()


@pytest.mark.parametrize(("kind", "name"), [("GIF", "GIF"), ("BMP", "BMP"), ("TIFF", "TIFF")])
def test_what_no_provider_takes_is_refused_with_the_remedy(kind: str, name: str) -> None:
    file = io.BytesIO()
    PIL.Image.new("RGB", (4, 3)).save(file, kind)
    with pytest.raises(ValueError, match=f"of type {name} is not taken, but PNG, JPEG, WebP, HEIC and HEIF are"):
        image(file.getvalue())
    made = image(PIL.Image.open(file))  # the remedy
    assert (made.mime_type, decoded(made.data).size) == ("image/png", (4, 3))


def test_avif_is_refused() -> None:
    with pytest.raises(ValueError, match="of type AVIF"):
        image(b"\0\0\0\x20ftypavif\0\0\0\0")


@pytest.mark.parametrize(
    ("brand", "mime_type"), [(b"heic", "image/heic"), (b"heix", "image/heic"), (b"mif1", "image/heif"), (b"mp42", "")]
)
def test_pictures_of_telephones(brand: bytes, mime_type: str) -> None:
    assert image(b"\0\0\0\x18ftyp" + brand + bytes(12)).mime_type == mime_type


def array(shape: tuple[int, ...], data: bytes, dtype: str = "uint8") -> Any:
    """As numpy's: what is used of it."""
    return SimpleNamespace(shape=shape, dtype=dtype, tobytes=lambda: data)


@pytest.mark.parametrize(("shape", "mode"), [((2, 3), "L"), ((2, 3, 1), "L"), ((2, 3, 3), "RGB"), ((2, 3, 4), "RGBA")])
def test_arrays(shape: tuple[int, ...], mode: str) -> None:
    pixels = NOISE[: 6 * (shape[2] if len(shape) == 3 else 1)]
    sent = decoded(image(array(shape, pixels)).data)
    assert (sent.format, sent.mode, sent.size, sent.tobytes()) == ("PNG", mode, (3, 2), pixels)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (array((2, 3), b"", "float32"), TypeError, r"array of float32 .* \(255 \* array\)\.astype"),
        (array((3, 2, 2), b""), ValueError, r"shape \(3, 2, 2\) .* give \(height, width\)"),
        (array((0, 2), b""), ValueError, r"shape \(0, 2\)"),
        (array((6,), b""), ValueError, r"shape \(6,\)"),
        (io.StringIO("x"), TypeError, 'open it with mode "rb"'),
        (io.BytesIO(), ValueError, r"needs seek\(0\) first"),
        (SimpleNamespace(read=lambda: 3), TypeError, r"read\(\) of SimpleNamespace returns int"),
        ({"url": "x"}, TypeError, "dict is not a picture: give a path, a URI, bytes, an open file"),
    ],
    ids=["float", "channels", "empty", "line", "text", "at its end", "odd file", "dict"],
)
def test_what_cannot_be_sent_is_told(given: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        image(given)


@pytest.mark.parametrize(
    "one", [bytearray(PNG), memoryview(PNG), io.BytesIO(PNG), array((1, 1), b"x"), PIL.Image.new("L", (1, 1))], ids=type
)
def test_one_picture_is_no_list_of_pictures(one: Any) -> None:
    with pytest.raises(TypeError, match="images: must be a list; put the picture into one"):
        imagewire.build_spec("m", "x", images=one)
