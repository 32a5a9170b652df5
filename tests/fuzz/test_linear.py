"""Reading costs no more than the bytes, whatever they are, and holds no more than one picture's frames."""

import base64
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from imagewire_server.contract.errors import Error
from imagewire_server.dialects.gemini import Reader
from tests.fuzz.files import picture

Body = Callable[[int], bytes]
_IN_PART = b'{"candidates":[{"content":{"parts":[{'
_PICTURE = b'{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"'


def _filled(front: bytes, unit: bytes, behind: bytes = b"") -> Body:
    return lambda size: front + unit * (size // len(unit)) + behind


# Each makes a body of about so many bytes that could trick a reader into looking at them again and again.
HOSTILE: dict[str, Body] = {
    "data and blanks": _filled(_IN_PART + b'"inlineData":{"data"', b" "),
    "data, a colon and blanks": _filled(_IN_PART + b'"inlineData":{"data":', b" "),
    "blanks alone": _filled(b"", b" "),
    "blanks in an array": _filled(b"[", b"\n"),
    "lines of colons": _filled(b"", b":\n"),
    "one line of colons": _filled(b"", b":"),
    "one comment": _filled(b":", b"x"),
    "carriage returns": _filled(b"data: {\r", b"\r"),
    "empty events": _filled(b"", b"data:\n\n"),
    "events of nothing": _filled(b"", b"data: {}\n\n"),
    "a document of many data lines": _filled(b"data: [\n", b"data:\n"),
    "data lines with a sign each": _filled(b"data: [\n", b"data: 1,\n"),
    "other fields": _filled(b"", b"id: 1\n"),
    "brackets": _filled(b"", b"["),
    "brackets in an event": _filled(b"data: ", b"["),
    "brackets in a part": _filled(_IN_PART + b'"x":', b"["),
    "braces": _filled(_IN_PART + b'"x":', b'{"a":'),
    "brackets, closed": _filled(_IN_PART + b'"x":[', b"[],"),
    "backslashes in a text": _filled(_IN_PART + b'"text":"', b"\\\\"),
    "backslashes in a picture": _filled(_PICTURE, b"\\\\"),
    "backslashes in a key": _filled(_IN_PART + b'"', b"\\\\"),
    "escapes in a picture": _filled(_PICTURE, b"\\u0041"),
    "slashes in a picture": _filled(_PICTURE, b"\\/"),
    "a picture": _filled(_PICTURE, b"QUJD"),
    "padding": _filled(_PICTURE, b"="),
    "escapes in a text": _filled(_IN_PART + b'"text":"', b"\\u00e9"),
    "quotes in a text": _filled(_IN_PART + b'"text":"', b'\\"data\\":\\"'),
    "halves of pairs": _filled(_IN_PART + b'"text":"', b"\\ud83d"),
    "a long key": _filled(_IN_PART + b'"', b"k"),
    "a long number": _filled(_IN_PART + b'"x":', b"9"),
    "many keys": _filled(_IN_PART + b'"a":1', b',"data":1'),
    "many pictures' keys": _filled(_IN_PART + b'"a":[', b'{"data":"QUJD"},'),
    "pictures that are none": _filled(b'{"x":[', b'{"inlineData":{"data":"QUJD"}},'),
    "tiny parts": _filled(b'{"candidates":[{"content":{"parts":[', b"{},"),
    "tiny texts": _filled(b'{"candidates":[{"content":{"parts":[', b'{"text":"a"},'),
    "tiny signed texts": _filled(b'{"candidates":[{"content":{"parts":[', b'{"text":"a","thoughtSignature":"QQ=="},'),
    "tiny pictures": _filled(b'{"candidates":[{"content":{"parts":[', b'{"inlineData":{"data":"iVBORw0KGgo="}},'),
    "tiny native parts": _filled(b'{"candidates":[{"content":{"parts":[', b'{"toolCall":{}},'),
    "nulls": _filled(b'{"candidates":[', b"null,"),
    "empty candidates": _filled(b'{"candidates":[', b"{},"),
    "candidates with indexes": lambda size: b'{"candidates":[' + b"".join(
        b'{"index":%d,"content":{"parts":[{"text":"a"}]}},' % at for at in range(size // 48)
    ),
    "unknown fields of a candidate": lambda size: b'{"candidates":[{' + b"".join(
        b'"a%06d":1,' % at for at in range(size // 12)
    ),
    "unknown fields of a part": lambda size: _IN_PART + b"".join(b'"a%06d":1,' % at for at in range(size // 12)),
    "elements": _filled(b"[", b"{},"),
    "texts in events": _filled(b"", b'data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}]}\n\n'),
    "lines of documents": _filled(b"", b"{}\n"),
    "documents without anything between": _filled(b"", b"{}"),
    "marks of the byte order": _filled(b"", b"\xef\xbb\xbf"),
    "what is no text": _filled(_IN_PART + b'"text":"', b"\xff"),
    "zeros": _filled(b"", b"\0"),
    "a usage in each event": _filled(b"", b'data: {"usageMetadata":{"promptTokenCount":1}}\n\n'),
    "finishes": _filled(b"", b'data: {"candidates":[{"finishReason":"STOP"}]}\n\n'),
}  # fmt: skip


def _read(body: bytes, piece: int) -> None:
    reader, events = Reader(max_frame_bytes=1 << 18), list[Any]()
    try:
        for at in range(0, len(body), piece):
            events.clear()
            reader.feed(body[at : at + piece], events)
        reader.close(events)
    except Error:
        return


def _calls(body: bytes, piece: int) -> int:
    """How many functions are called, ours and Python's own."""
    count = 0

    def counted(_: Any, event: str, __: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        _read(body, piece)
    finally:
        sys.setprofile(before)
    return count


def _cpu(body: bytes, piece: int) -> float:
    """The least seconds of this thread's own, of some runs."""
    times = []
    for _ in range(3):
        begun = time.thread_time()
        _read(body, piece)
        times.append(time.thread_time() - begun)
    return min(times)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_work_grows_with_the_bytes(name: str) -> None:
    small, large = (_calls(HOSTILE[name](size), 256) for size in (20_000, 40_000))
    assert large < 2.2 * small + 200, f"{small} calls for 20 kB, {large} for 40 kB"


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("piece", [64, 65_536])
def test_the_time_grows_with_the_bytes(name: str, piece: int) -> None:
    """What C does shows in no count. Eight times the bytes cost 64 times as much where the work is quadratic."""
    unit = 32_000 if piece == 64 else 250_000
    small, large = (_cpu(HOSTILE[name](size), piece) for size in (unit, 8 * unit))
    assert large < 24 * small + 0.02, f"{small:.4f} s for {unit} bytes, {large:.4f} s for eight times as many"


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
        reader, events, whole = Reader(max_frame_bytes=1 << 16), list[Any](), 0
        pieces = (
            piece[at : at + 16_384] for piece in _pictures(count, *FLAT[name]) for at in range(0, len(piece), 16_384)
        )
        for piece in islice(pieces, 3):  # what is made once
            reader.feed(piece, events)
        tracemalloc.start()
        for piece in pieces:
            reader.feed(piece, events)
            whole += sum(event.WhichOneof("event") == "part_finished" for event in events)
            events.clear()
        reader.close(events)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert whole == count
    assert peaks[1] < peaks[0] + 100_000, f"{peaks[0]} bytes for 5 pictures, {peaks[1]} for 100"
