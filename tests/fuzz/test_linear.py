"""SpecBuilder costs no more than its bytes, whatever they are."""

import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from imagewire_server.contract.errors import Error
from imagewire_server.providers.google.wire import Reader

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
    "one other field": _filled(b"event: ", b"x"),
    "comments behind carriage returns": _filled(b"", b":\r"),
    "data lines behind carriage returns": _filled(b"data: {", b"\rdata: "),
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
    reader, events = Reader(), list[Any]()
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
    """Seconds of this thread's own."""
    begun = time.thread_time()
    _read(body, piece)
    return time.thread_time() - begun


@pytest.mark.parametrize("name", HOSTILE)
def test_u12_the_work_grows_with_the_bytes(name: str) -> None:
    small, large = (_calls(HOSTILE[name](size), 256) for size in (6_000, 12_000))
    assert large < 2.2 * small + 200, f"{small} calls for 6 kB, {large} for 12 kB"


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(("piece", "size"), [(64, 4_000), (65_536, 30_000)])
def test_u12_the_time_grows_with_the_bytes(name: str, piece: int, size: int) -> None:
    """What C does shows in no count. Eight times the bytes cost 64 times as much where the work is quadratic."""
    one, eight = HOSTILE[name](size), HOSTILE[name](8 * size)
    seen = []
    for _ in range(4):  # the processor's caches are not ours alone
        small, large = min(_cpu(one, piece) for _ in range(3)), _cpu(eight, piece)
        seen.append(f"{small:.4f} s and {large:.4f} s")
        if large < 20 * small + 0.01:
            return
    pytest.fail(f"{size} bytes and eight times as many: {', '.join(seen)}")
