"""Bytes made wrong."""

import random
from collections.abc import Callable

_INTERESTING = (
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\r\n",
    b"\n",
    b'"',
    b"\\",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"0",
    b"-",
    b"}",
)


def _flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _replace(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.randrange(256)


def _insert(data: bytearray, rng: random.Random) -> None:
    at = rng.randint(0, len(data))
    data[at:at] = rng.choice(_INTERESTING) if rng.random() < 0.7 else rng.randbytes(rng.randint(1, 8))


def _delete(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.choice([1, 1, 2, 4, 16, 200])]


def _again(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    piece = data[at : at + rng.choice([1, 4, 30, 300])]
    data[at:at] = piece * rng.choice([1, 1, 2, 40])


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


_WAYS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _flip,
    _replace,
    _insert,
    _insert,
    _delete,
    _again,
    _cut,
)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The bytes after one to a few changes."""
    made = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        if made:
            rng.choice(_WAYS)(made, rng)
    return bytes(made)
