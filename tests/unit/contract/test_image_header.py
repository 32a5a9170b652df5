"""Image headers, against files that Pillow wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import image_header
from tests.pictures import encoded

FORMATS = [
    ("PNG", "image/png", {}),
    ("JPEG", "image/jpeg", {}),
    ("JPEG", "image/jpeg", {"progressive": True, "exif": b"Exif\0\0" + b"x" * 2000}),
    ("GIF", "image/gif", {}),
    ("WEBP", "image/webp", {}),
    ("WEBP", "image/webp", {"lossless": True}),
    ("WEBP", "image/webp", {"exif": b"Exif\0\0"}),
]


@pytest.mark.parametrize(("kind", "mime_type", "options"), FORMATS)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (640, 33), (1920, 1081)])
def test_type_and_size(kind: str, mime_type: str, options: dict[str, object], width: int, height: int) -> None:
    assert image_header.read(encoded(kind, width, height, **options)) == (mime_type, width, height)


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_heif_is_known_without_its_size(brand: bytes) -> None:
    header = image_header.read(b"\0\0\0\x18ftyp" + brand + b"\0" * 12)
    assert header is not None
    assert header.mime_type.startswith("image/hei")
    assert header.width is None


@pytest.mark.parametrize("data", [b"", b"GIF", b"<svg/>", b"%PDF-1.7", b"RIFF0000WAVE", b"\0\0\0\x18ftypmp42"])
def test_other_files_are_no_images(data: bytes) -> None:
    assert image_header.read(data) is None


@given(st.sampled_from(FORMATS), st.integers(0, 600), st.binary(max_size=64))
def test_cut_and_damaged_headers_never_raise(made: tuple[str, str, dict[str, object]], cut: int, tail: bytes) -> None:
    header = image_header.read(encoded(made[0], 7, 5, **made[2])[:cut] + tail)
    assert header is None or header.mime_type == made[1] or cut < len(b"RIFF....WEBP"), "what is left names its type"
