"""SpecBuilder holds no picture: a hundred need no more memory than five, however they are framed."""

import base64
import random
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from imagewire_server.providers.google.wire import Reader
from tests.event_forms import kind_of
from tests.fuzz.files import picture

_PICTURE = b'{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"'


def _pictures(count: int, front: bytes, between: bytes, behind: bytes, part: bool) -> Iterator[bytes]:
    """A body in pieces, none made before it is asked for."""
    rng = random.Random(count)
    yield front
    for number in range(count):
        data = base64.b64encode(picture("image/png", 120_000, rng))
        yield between if number else b""
        if part:
            yield b'{"inlineData":{"mimeType":"image/png","data":"' + data + b'"}}'
        else:
            last = b',"finishReason":"STOP"' if number == count - 1 else b""
            yield _PICTURE + data + b'"}}]}' + last + b"}]}"
    yield behind


FLAT = {
    "events": (b"data: ", b"\r\n\r\ndata: ", b"\r\n\r\n", False),
    "an array": (b"[", b",\r\n", b"]", False),
    "an array in an event": (b"data: [", b",", b"]\n\n", False),
    "lines": (b"", b"\n", b"", False),
    "parts of one document": (_PICTURE[:36], b",", b']},"finishReason":"STOP"}]}', True),
}


@pytest.mark.parametrize("name", FLAT)
def test_memory_is_flat(name: str) -> None:
    peaks = []
    for count in (5, 100):
        reader, events, whole = Reader(), list[Any](), 0
        pieces = (
            piece[at : at + 16_384] for piece in _pictures(count, *FLAT[name]) for at in range(0, len(piece), 16_384)
        )
        for piece in islice(pieces, 3):  # what is made once
            reader.feed(piece, events)
        tracemalloc.start()
        for piece in pieces:
            reader.feed(piece, events)
            whole += sum(kind_of(event) == "part_finished" for event in events)
            events.clear()
        reader.close(events)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert whole == count
    assert peaks[1] < peaks[0] + 100_000, f"{peaks[0]} bytes for 5 pictures, {peaks[1]} for 100"
