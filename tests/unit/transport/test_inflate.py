"""Bodies in gzip or deflate, unpacked as they arrive."""

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagewire_server.contract.errors import Cut, Malformed
from imagewire_server.transport.inflate import Inflater
from tests.effort import times

TEXT = b"a picture, and another picture " * 20
FORMS = {"gzip": gzip.compress(TEXT, mtime=0), "deflate": zlib.compress(TEXT)}


def inflated(pieces: list[bytes]) -> bytes:
    """All of a body that ends with its last piece."""
    inflater, found = Inflater(), b""
    for piece in pieces:
        inflater.feed(piece)
        while data := inflater.take():
            found += data
    inflater.close()
    return found


@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS)
def test_every_split_in_two_gives_the_same(body: bytes) -> None:
    for at in range(len(body) + 1):
        assert inflated([body[:at], body[at:]]) == TEXT
    assert inflated([body[at : at + 1] for at in range(len(body))]) == TEXT


def test_a_member_may_begin_with_the_last_byte_of_a_piece() -> None:
    one, two = gzip.compress(b"one", mtime=0), gzip.compress(b"two", mtime=0)
    assert inflated([one + two[:1], two[1:]]) == b"onetwo"
    assert inflated([one, two[:1], two[1:]]) == b"onetwo"
    assert inflated([one + two[:1]]) == b"one"


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.data())
@settings(max_examples=times(400))
def test_members_in_a_row_are_one_body(texts: list[bytes], data: st.DataObject) -> None:
    body = b"".join(gzip.compress(text, mtime=0) for text in texts)
    size = data.draw(st.integers(1, len(body)))
    assert inflated([body[at : at + size] for at in range(0, len(body), size)]) == b"".join(texts)


@pytest.mark.parametrize("padding", [b"\0" * 40, b"\n", b"x" * 100])
def test_what_follows_a_body_is_padding(padding: bytes) -> None:
    for body in FORMS.values():
        assert inflated([body + padding, padding]) == TEXT


@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS)
def test_a_body_that_breaks_off_is_cut_and_may_have_been_charged(body: bytes) -> None:
    for end in range(len(body)):
        with pytest.raises(Cut, match="broke off; it may have been charged") as raised:
            inflated([body[:end]])
        assert raised.value.charged


@pytest.mark.parametrize(
    "body", [b"no compressed body", FORMS["gzip"][:10] + b"\xff" * 60, FORMS["deflate"][:-4] + b"\0\0\0\0"]
)
def test_a_damaged_body_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match="damaged; it may have been charged"):
        inflated([body])


def test_a_bomb_comes_in_pieces_of_limited_size() -> None:
    inflater, sizes = Inflater(), []
    inflater.feed(zlib.compress(bytes(3_000_000)))
    while data := inflater.take():
        sizes.append(len(data))
    assert sum(sizes) == 3_000_000
    assert max(sizes) <= 256 * 1024
    inflater.close()
