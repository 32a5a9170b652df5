"""Pictures as objects: whatever people have at hand in, files and notebooks out."""

import base64
import errno
import io
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

import imagewire
from imagewire import Image, build_spec, image
from imagewire.images import image_to_proto
from imagewire.v1 import image_pb2
from tests.pictures import JPEG, PNG


def pil() -> PIL.Image.Image:
    return PIL.Image.new("RGB", (4, 3), (1, 2, 3))


@pytest.mark.parametrize("kind", [str, Path, bytes])
def test_files_and_bytes(tmp_path: Path, kind: Any) -> None:
    file = tmp_path / "cat.png"
    file.write_bytes(PNG)
    made = image(PNG if kind is bytes else kind(file))
    assert (made.data, made.mime_type, made.size_bytes) == (PNG, "image/png", len(PNG))


def test_pillows_picture_is_sent_as_png() -> None:
    made = image(pil())
    with PIL.Image.open(io.BytesIO(made.data)) as opened:
        assert (opened.format, opened.size) == ("PNG", (4, 3))


@pytest.mark.parametrize("uri", ["https://example.com/a.png", "gs://bucket/a", image(PNG).data_uri])
def test_a_uri_is_sent_as_it_is(uri: str) -> None:
    assert image_to_proto(image(uri, mime_type="image/png")) == image_pb2.Image(uri=uri, mime_type="image/png")
    with pytest.raises(ValueError, match="are not here: it is at"):
        image(uri, mime_type="image/png").data  # noqa: B018


@pytest.mark.parametrize(
    ("uri", "mime_type"),
    [("gs://b/a.png", "image/png"), ("GS://b/c/a.JPG", "image/jpeg"), ("gs://b/a.x.webp", "image/webp")],
)
def test_the_name_of_a_picture_in_a_bucket_tells_its_type(uri: str, mime_type: str) -> None:
    assert image(uri).mime_type == mime_type
    assert build_spec("vertex_ai/m", "x", images=[uri]).messages[0].parts[0].image.mime_type == mime_type
    assert image(uri, mime_type="image/heic").mime_type == "image/heic"


@pytest.mark.parametrize("uri", ["gs://b/a", "gs://b.png/a", "gs://b/a.gif", "gs://"])
def test_a_picture_in_a_bucket_whose_type_is_not_known_is_refused_with_the_remedy(uri: str) -> None:
    remedy = r'gs://.*does not tell its type, as \.png, .* would: give imagewire\.image\(uri, mime_type="image/png"\)'
    with pytest.raises(ValueError, match=remedy):
        image(uri)
    with pytest.raises(ValueError, match=remedy):
        build_spec("vertex_ai/m", "x", images=[uri])


def test_an_image_again_and_its_detail() -> None:
    once = image(PNG, detail="low")
    assert image(once) == once
    assert image(once, detail="high").detail == "high"
    assert image_to_proto(once).detail == image_pb2.ImageDetail.IMAGE_DETAIL_LOW
    assert image(image_to_proto(once)).data == PNG


def test_the_contracts_own_picture_goes_through() -> None:
    kept = image_pb2.Image(image_id="an-id")
    (message,) = imagewire.build_spec("m", "x", images=[kept]).messages
    assert message.parts[0].image == kept


@pytest.mark.parametrize("wrong", [3, None, [PNG], {"url": "x"}])
def test_what_is_no_picture_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=f"{type(wrong).__name__} is not a picture"):
        image(wrong)


@pytest.mark.parametrize(
    ("data", "mime_type", "name", "saved"),
    [
        (PNG, "image/png", "cat", "cat.png"),
        (PNG, "image/png", "cat.jpg", "cat.png"),
        (JPEG, "image/jpeg", "cat.jpeg", "cat.jpeg"),
        (JPEG, "image/jpeg", "v1.5", "v1.5.jpg"),
        (b"?", "", "cat.xyz", "cat.xyz"),
    ],
)
def test_saved_under_the_right_suffix(tmp_path: Path, data: bytes, mime_type: str, name: str, saved: str) -> None:
    made = image(data, mime_type=mime_type)
    assert made.save(tmp_path / name) == tmp_path / saved
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(saved, data)]


def test_a_failed_save_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "cat.png").mkdir()
    with pytest.raises(OSError, match=r"cat\.png"):
        image(PNG).save(tmp_path / "cat.png")
    assert [path.name for path in tmp_path.iterdir()] == ["cat.png"]


def test_a_save_replaces_only_the_file_that_was_named(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"another")
    with pytest.raises(FileExistsError, match=r"is there already, and cat\.jpg would hold image/png"):
        image(PNG).save(tmp_path / "cat.jpg")
    assert (tmp_path / "cat.png").read_bytes() == b"another"
    assert image(PNG).save(tmp_path / "cat").read_bytes() == PNG
    (tmp_path / "cat.png").write_bytes(b"another")
    assert image(PNG).save(tmp_path / "cat.png").read_bytes() == PNG


def test_a_save_that_breaks_off_leaves_the_old_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cat.png").write_bytes(b"old")

    def full(file: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("imagewire.files.PartFile.close", full)
    with pytest.raises(OSError, match="No space left"):
        image(PNG).save(tmp_path / "cat.png")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("cat.png", b"old")]


def test_notebooks_and_html() -> None:
    png, jpeg = image(PNG), image(JPEG)
    assert (png._repr_png_(), png._repr_jpeg_()) == (PNG, None)
    assert (jpeg._repr_png_(), jpeg._repr_jpeg_()) == (None, JPEG)
    assert png.data_uri == "data:image/png;base64," + base64.b64encode(PNG).decode()
    assert png.to_pil().size == (4, 3)


def test_what_is_asked_of_an_earlier_image_is_done() -> None:
    assert image(image(PNG), mime_type="image/webp").mime_type == "image/webp"
    assert image(image_to_proto(image(PNG)), detail="high").detail == "high"
    with pytest.raises(ValueError, match="detail: must be auto, low, medium, high, ultra_high"):
        image(PNG, detail="ultra")  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("mode", ["CMYK", "F", "YCbCr"])
def test_a_mode_that_no_png_has_is_named_with_the_remedy(mode: str) -> None:
    with pytest.raises(ValueError, match=rf"of mode {mode} cannot be sent as PNG.*\.convert"):
        image(PIL.Image.new(mode, (4, 3)))


def test_a_folder_is_no_name_and_a_missing_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="name a file in it"):
        image(PNG).save(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        image(PNG).save(tmp_path / "none" / "a.png")
    assert caught.value.filename == str(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_a_signature_fills_no_screen() -> None:
    assert "signed" not in repr(imagewire.Answer(parts=[imagewire.Part(text="x", signature=b"signed")]))


def test_what_there_is_can_be_listed() -> None:
    assert dir(imagewire) == sorted(imagewire.__all__)


def test_its_repr_holds_no_bytes() -> None:
    assert "_data" not in repr(image(PNG))
    assert Image().size_bytes == 0
