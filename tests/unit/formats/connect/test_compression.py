"""Compressed messages: what comes out is bounded, and nothing but one whole gzip file is read."""

import gzip
import random
import zlib

import pytest

from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.connect.compression import is_gzip, unpacked
from imagewire_server.formats.connect.refusals import TooLong, Unsupported

MESSAGE = b'{"pageSize": 1}'


def test_a_message_comes_out_as_it_was() -> None:
    noise = random.randbytes(100_000)
    for message in (b"", MESSAGE, noise, b"a" * 256 * 1024):
        assert unpacked(gzip.compress(message), len(message)) == message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (MESSAGE, "is not compressed with gzip"),
        (zlib.compress(MESSAGE), "is not compressed with gzip"),
        (gzip.compress(MESSAGE)[:-1], "one whole gzip file"),
        (gzip.compress(MESSAGE) + b"x", "one whole gzip file"),
        (gzip.compress(MESSAGE) * 2, "one whole gzip file"),
        (gzip.compress(b"a" * 10_000_000), "more than 20 times its size"),
    ],
    ids=["as it is", "zlib", "its front", "more behind it", "two", "too large"],  # gzip writes the time into a file
)
def test_what_is_no_message_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        unpacked(data, 10_000_000)


def test_no_message_is_larger_than_it_may_be() -> None:
    with pytest.raises(TooLong, match="larger than 99 bytes"):
        unpacked(gzip.compress(b"a" * 100), 99)


def test_the_header_says_which_compression_is_meant() -> None:
    assert [is_gzip("x", given) for given in ("", "identity", "gzip")] == [False, False, True]
    with pytest.raises(Unsupported, match="grpc-encoding: is 'br', which is not read here: send gzip or identity"):
        is_gzip("grpc-encoding", "br")
