"""Base64 in pieces: every split, JSON's escapes, and all that is no base64."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract.errors import Malformed
from imagewire_server.providers.google.wire.base64_stream import Base64Stream


def decoded(pieces: list[bytes]) -> bytes:
    stream = Base64Stream()
    return b"".join(stream.feed(piece) for piece in pieces) + stream.close()


def spelled(text: bytes, choices: list[int]) -> bytes:
    """The text with some characters as JSON escapes."""
    ways = [lambda c: c, lambda c: b"\\u%04x" % ord(c), lambda c: b"\\/" if c == b"/" else c]
    return b"".join(ways[choices[i % len(choices)]](bytes([c])) for i, c in enumerate(text))


@given(st.binary(max_size=200), st.data())
def test_any_spelling_in_any_pieces_gives_the_bytes(data: bytes, draw: st.DataObject) -> None:
    choices = draw.draw(st.lists(st.integers(0, 2), min_size=1, max_size=5))
    text = spelled(base64.b64encode(data), choices)
    cuts = sorted(draw.draw(st.sets(st.integers(0, len(text)), max_size=12)) | {0, len(text)})
    assert decoded([text[a:b] for a, b in pairwise(cuts)]) == data


@given(st.binary(max_size=200), st.data())
def test_u4_every_alphabet_padding_and_line_length_is_taken(data: bytes, draw: st.DataObject) -> None:
    text = draw.draw(st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]))(data)
    text = text.rstrip(b"=") if draw.draw(st.booleans()) else text
    width = draw.draw(st.integers(1, 80))
    end = draw.draw(st.sampled_from([b"", b"\n", b"\\n", b"\\r\\n", b" "]))
    text = end.join(text[at : at + width] for at in range(0, len(text), width))
    cuts = sorted(draw.draw(st.sets(st.integers(0, len(text)), max_size=12)) | {0, len(text)})
    assert decoded([text[a:b] for a, b in pairwise(cuts)]) == data


@pytest.mark.parametrize(
    "text",
    [b"A", b"QUJDA", b"AB=C", b"QQ==QUJD", b"QUJD=", b"QQ=", b"!!!!", b"QUJ!", b"QUJ\\x", b"QUJD\\", b"\\u00"],
)
@pytest.mark.parametrize("size", [1, 2, 4, 100])
def test_anything_else_is_malformed(text: bytes, size: int) -> None:
    with pytest.raises(Malformed):
        decoded([text[at : at + size] for at in range(0, len(text), size)])


@given(st.binary(max_size=64), st.integers(1, 9))
def test_arbitrary_bytes_decode_or_are_malformed(text: bytes, size: int) -> None:
    try:
        data = decoded([text[at : at + size] for at in range(0, len(text), size)])
    except Malformed:
        return
    plain = text.translate(bytes.maketrans(b"-_", b"+/"), b" \t\r\n")
    assert b"\\" in plain or len(data) == len(plain.rstrip(b"=")) * 3 // 4
