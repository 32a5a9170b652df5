"""URLs of requests become pictures or other media, or are refused with the form that is expected."""

import base64
import contextlib
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import data_uri
from tests.pictures import JPEG, PNG

PNG_64 = base64.b64encode(PNG).decode()
ABC = pb.Image(data=b"ABC")


@pytest.mark.parametrize(
    ("url", "media_type", "expected"),
    [
        ("data:image/png;base64,QUJD", None, ABC),
        ("DATA:IMAGE/PNG;BASE64,QUJD", None, ABC),
        ("data:;base64,QUJD", None, ABC),
        ("data:image/svg+xml;charset=utf-8;name=a.svg;base64,QUJD", None, ABC),
        ("data:image/png;base64,QUJD", "image/webp", ABC),  # the bytes show the type
        ("data:image/png;base64,", None, pb.Image(data=b"")),
        ("gs://bucket/a.png", None, pb.Image(uri="gs://bucket/a.png", mime_type="image/png")),
        ("GS://bucket/a.JPG", None, pb.Image(uri="GS://bucket/a.JPG", mime_type="image/jpeg")),
        ("gs://bucket/a.png", "image/webp", pb.Image(uri="gs://bucket/a.png", mime_type="image/webp")),
        ("gs://bucket/a.bmp", None, pb.Image(uri="gs://bucket/a.bmp")),
        ("gs://bucket/a", None, pb.Image(uri="gs://bucket/a")),
        ("https://a.example/b.png", None, pb.Image(uri="https://a.example/b.png")),
        ("https://a.example/b", "image/png", pb.Image(uri="https://a.example/b", mime_type="image/png")),
        ("file:///etc/passwd", None, pb.Image(uri="file:///etc/passwd")),  # the contract's table refuses it
    ],
)
def test_a_picture_is_read(url: str, media_type: str | None, expected: pb.Image) -> None:
    assert data_uri.read(url, None, media_type) == expected


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        (None, pb.ImageDetail.IMAGE_DETAIL_UNSPECIFIED),
        ("", pb.ImageDetail.IMAGE_DETAIL_UNSPECIFIED),
        ("auto", pb.ImageDetail.IMAGE_DETAIL_AUTO),
        ("low", pb.ImageDetail.IMAGE_DETAIL_LOW),
        ("medium", pb.ImageDetail.IMAGE_DETAIL_MEDIUM),
        ("high", pb.ImageDetail.IMAGE_DETAIL_HIGH),
        ("ultra_high", pb.ImageDetail.IMAGE_DETAIL_ULTRA_HIGH),
        ("original", pb.ImageDetail.IMAGE_DETAIL_ULTRA_HIGH),
    ],
)
def test_the_detail_is_read(detail: str | None, expected: pb.ImageDetail) -> None:
    assert data_uri.read("https://a.example/b", detail).detail == expected
    assert data_uri.kept("img-1", detail) == pb.Image(image_id="img-1", detail=expected)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "is not a URL; send https://…, gs://… or data:image/png;base64,…"),
        ("banana.png", "is not a URL; send https://…, gs://… or data:image/png;base64,…"),
        ("/etc/passwd", "is not a URL; send https://…, gs://… or data:image/png;base64,…"),
        (PNG_64, "is not a URL; send https://…, gs://… or data:image/png;base64,…"),
        ("data:image/png,QUJD", "must be data:image/TYPE;base64,DATA"),
        ("data:image/png;base64", "must be data:image/TYPE;base64,DATA"),
        ("data:png;base64,QUJD", "must be data:image/TYPE;base64,DATA"),
        ("data:image/png" + ";a=b" * 17 + ";base64,QUJD", "must be data:image/TYPE;base64,DATA"),
        ("data:image/" + "x" * 128 + ";base64,QUJD", "must be data:image/TYPE;base64,DATA"),
        ("data:image/png;base64,QUJDR", "is not valid base64"),
        ("data:image/png;base64,QU%ZZJD", "is not valid base64"),
        ("data:image/png;base64,QU=JD", "is not valid base64"),
        ("data:image/png;base32,QUJD", "must be data:image/TYPE;base64,DATA"),
        ("data:image/png;base64;x,QUJD", "must be data:image/TYPE;base64,DATA"),
        ("data:" + "%20" * 3000 + "image/png;base64,QUJD", "must be data:image/TYPE;base64,DATA"),
        ("data:image/png;base64,Ä", "is not valid base64"),
        ("data:image/png;base64,\ud800", "is not valid base64"),
    ],
)
@pytest.mark.parametrize("answered", [False, True])
def test_what_is_no_picture_is_refused(url: str, words: str, answered: bool) -> None:
    if answered and not url.startswith("data:"):
        assert data_uri.read(url, answered=True) == pb.Image(uri=url)  # sent back unchanged, whatever it is
        return
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        data_uri.read(url, answered=answered)


@pytest.mark.parametrize(
    ("url", "media_type", "expected"),
    [
        (f"data:image/webp;base64,{PNG_64}", None, "image/webp"),
        (f"data:image/webp;base64,{PNG_64}", "image/gif", "image/gif"),
        (f"data:text/plain;base64,{PNG_64}", None, ""),  # the bytes show a type
        (f"data:;base64,{PNG_64}", None, ""),
        ("data:text/plain;base64,QUJD", None, "application/octet-stream"),
        ("data:;base64,QUJD", None, "application/octet-stream"),
        ("gs://bucket/a.png", None, ""),
        ("gs://bucket/a.png", "image/x", "image/x"),
    ],
)
def test_a_picture_of_an_answer_keeps_its_type(url: str, media_type: str | None, expected: str) -> None:
    assert data_uri.read(url, None, media_type, answered=True).mime_type == expected


@pytest.mark.parametrize(
    ("data", "file_format", "expected"),
    [
        (PNG, "webp", "image/webp"),
        (PNG, None, ""),
        (JPEG, "", ""),
        (b"ABC", "png", "image/png"),
        (b"ABC", None, "application/octet-stream"),
        (b"", None, "application/octet-stream"),
    ],
)
def test_a_drawn_picture(data: bytes, file_format: str | None, expected: str) -> None:
    assert data_uri.drawn(data, file_format) == pb.Image(data=data, mime_type=expected)


def test_other_media() -> None:
    assert data_uri.media("data:audio/wav;base64,QUJD", "audio/mp3") == pb.Media(data=b"ABC", mime_type="audio/mp3")
    assert data_uri.media("gs://b/a.wav", "audio/wav") == pb.Media(uri="gs://b/a.wav", mime_type="audio/wav")
    for url, words in (
        ("data:audio/wav,A", "must be data:TYPE;base64,DATA"),
        ("data:;base64,?", "is not valid base64"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
            data_uri.media(url, "audio/wav")


_ODD = base64.b64encode(bytes(range(248, 256)) * 2).decode()  # has + and / and two padding characters


@pytest.mark.parametrize(
    "url",
    [
        f"data:image/png;base64,{_ODD.rstrip('=')}",
        f"data:image/png;base64,{_ODD.replace('+', '-').replace('/', '_')}",
        f"data:image/png;base64,{_ODD.replace('+', '-').replace('/', '_').rstrip('=')}",
        f"data:image/png;base64, {_ODD[:8]}\r\n{_ODD[8:]}\n",
        f"data:image/png;base64,{_ODD.replace('+', '%2B').replace('/', '%2f').replace('=', '%3D')}",
        f"data:image%2Fpng%3Bbase64%2C{_ODD}",
        f"data:image%2Fpng;base64,{_ODD}",
        f"data: image/png; base64,{_ODD}",
        f"data:image/jpg;base64,{_ODD}",
        f"data:image/png;charset=utf-8;base64,{_ODD}",
        f'data:image/png;name="a b.png";base64,{_ODD}',
        f"DATA:Image/PNG;Charset=UTF-8;Base64,{_ODD}",
        f"data:application/octet-stream;base64,{_ODD}",
        f"data:;base64,{_ODD}",
        f"data:base64,{_ODD}",
        f"data:image/png;;base64,{_ODD}",
    ],
)
def test_a_picture_as_it_is_found_in_the_wild(url: str) -> None:
    assert data_uri.read(url).data == bytes(range(248, 256)) * 2


@pytest.mark.parametrize("head", ["data:" + ";" * 4000, "data:a/b" + ";a=" * 1300, "data:" + "a" * 4000])
def test_an_odd_head_is_refused_at_once(head: str) -> None:
    for url in (head, f"{head},", f"{head};base64,{'A' * 100_000}!"):
        with pytest.raises(ValueError, match="must be data:"):
            data_uri.read(url)


@given(st.binary(max_size=100))
def test_all_bytes_are_read_back(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert data_uri.decoded(text) == data
    assert data_uri.read(f"data:image/png;base64,{text}").data == data


@given(st.text(max_size=60).map("data:".__add__) | st.text(max_size=60))
def test_any_text_is_a_picture_or_refused_in_short_words(url: str) -> None:
    try:
        told = data_uri.read(url).WhichOneof("source") or ""
    except ValueError as error:
        told = str(error)
    assert told.startswith(("data", "uri", "is not", "must be"))


@pytest.mark.parametrize("text", ["%41", "A ", "A\u00e9", "%"])
def test_odd_base64_takes_little_time_and_memory(text: str) -> None:
    url = "data:image/png;base64," + text * (3_000_000 // len(text))
    tracemalloc.start()
    try:
        with contextlib.suppress(ValueError):
            data_uri.read(url)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(url)


def test_blanks_before_a_url_do_not_matter() -> None:
    encoded = base64.b64encode(PNG).decode()
    assert data_uri.read(f" \n data:image/png;base64,{encoded}").data == PNG
    assert data_uri.read(" https://example.com/a.png").uri == "https://example.com/a.png"
