"""Envelopes, however the network cuts them."""

import pytest

from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.connect.envelope import EnvelopeReader, head
from imagewire_server.formats.connect.refusals import TooLong, Unreadable

MESSAGES = [b"abc", b"", b"x" * 20]
BODY = b"".join(head(len(message)) + message for message in MESSAGES)


@pytest.mark.parametrize("size", range(1, len(BODY) + 1))
def test_messages_are_the_same_in_pieces_of_any_size(size: int) -> None:
    reader = EnvelopeReader(20)
    found = [bytes(one) for at in range(0, len(BODY), size) for one in reader.feed(BODY[at : at + size])]
    reader.end()
    assert found == MESSAGES


@pytest.mark.parametrize("most", range(1, 5 + 3))
def test_a_body_that_ends_too_early_is_refused(most: int) -> None:
    reader = EnvelopeReader(20)
    assert list(reader.feed(BODY[:most])) == []
    with pytest.raises(InvalidRequest, match="inside an envelope"):
        reader.end()


def test_a_long_message_is_refused_at_its_head() -> None:
    with pytest.raises(TooLong, match="larger than 20 bytes"):
        list(EnvelopeReader(20).feed(head(21)))


@pytest.mark.parametrize(("flags", "words"), [(2, "0x02"), (0x80, "0x80")])
def test_other_flags_are_refused(flags: int, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        list(EnvelopeReader(20).feed(head(0, flags)))


def test_compression_that_no_header_announced_breaks_the_protocol() -> None:
    with pytest.raises(Unreadable, match="compressed"):
        list(EnvelopeReader(20).feed(head(0, 1)))


def test_of_messages_that_may_be_compressed_each_says_whether_it_is() -> None:
    reader = EnvelopeReader(20, packs=True)
    found = [(bytes(one), reader.packed) for one in reader.feed(head(1, 1) + b"a" + head(1) + b"b")]
    assert found == [(b"a", True), (b"b", False)]
    with pytest.raises(InvalidRequest, match="0x03"):
        list(reader.feed(head(0, 3)))
