"""data: URLs that are written while their bytes arrive."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.data_uri_stream import Base64, file_format, head, inside, look
from imagewire_server.formats.openai.common.encoder import ImageRef


@given(st.lists(st.binary(max_size=20), max_size=12))
def test_base64_in_pieces_is_base64(pieces: list[bytes]) -> None:
    encoder = Base64()
    assert b"".join([*map(encoder.feed, pieces), encoder.close()]) == base64.b64encode(b"".join(pieces))


def test_base64_is_written_as_soon_as_three_bytes_are_there() -> None:
    encoder = Base64()
    assert [encoder.feed(piece) for piece in (b"A", b"B", b"CD", b"", b"EFG")] == [b"", b"", b"QUJD", b"", b"REVG"]
    assert [encoder.close(), encoder.close()] == [b"Rw==", b""]


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("image/png", b"data:image/png;base64,"),
        ("image/svg+xml", b"data:image/svg+xml;base64,"),
        ("audio/L16; codec=pcm; rate=24000", b"data:audio/L16;codec=pcm;rate=24000;base64,"),
        ("", b"data:application/octet-stream;base64,"),
        ("png", b"data:application/octet-stream;base64,"),
        ('image/png"},{"a":"', b"data:image/png;base64,"),
        ("image/png,<script>", b"data:image/png;base64,"),
        ("image/png\\", b"data:image/png;base64,"),
        ("image/png\ndata: x", b"data:image/png;base64,"),
        ("bildä/png", b"data:application/octet-stream;base64,"),
        ("\ud800/png", b"data:application/octet-stream;base64,"),
    ],
)
def test_a_media_type_cannot_leave_the_url(media_type: str, expected: bytes) -> None:
    assert head(media_type) == expected


@given(st.text(max_size=30))
def test_no_media_type_ends_the_text_or_the_line(media_type: str) -> None:
    assert not {*head(media_type)[5:-8]} & {*b'"\\\n\r,'}


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (pb.Image(mime_type="image/png"), {"output_format": "png"}),
        (pb.Image(mime_type="image/svg+xml; a=b"), {"output_format": "svg+xml"}),
        (pb.Image(), {"output_format": None}),
        (pb.Image(mime_type="audio/wav"), {"output_format": None}),
        (pb.Image(mime_type="image/jpeg", width=4, height=3), {"output_format": "jpeg", "size": "4x3"}),
    ],
)
def test_what_is_known_of_a_picture(image: pb.Image, expected: dict[str, object]) -> None:
    assert look(image) == expected
    assert file_format(image) == expected["output_format"]


def test_what_stands_inside_the_quotes() -> None:
    key = (0, 2)
    assert inside(pb.Image(data=b"A", mime_type="image/png"), key) == [b"data:image/png;base64,", ImageRef(key)]
    assert inside(pb.Media(mime_type="audio/wav"), key) == [b"data:audio/wav;base64,", ImageRef(key)]
    assert inside(pb.Image(uri='gs://b/a"\n.png', mime_type="image/png"), key) == [b'gs://b/a\\"\\n.png']
