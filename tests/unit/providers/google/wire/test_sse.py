"""Answers in odd framing: every picture arrives, and reading is bounded."""

import json

import pytest

from imagewire_server.providers.google.wire import before_error
from tests.golden.cases import read
from tests.unit.providers.google.wire.odd_answers import PICTURE, answer, events, text, told, told_once, words

U1 = {
    "array": text([answer({"text": "Here"}, finish=None), answer({"text": ": "}, finish=None), answer(PICTURE)]),
    "array in an event": events([answer({"text": "Here: "}, finish=None), answer(PICTURE)]),
    "arrays in events": events([answer({"text": "Here"}, finish=None)], [answer({"text": ": "}), answer(PICTURE)]),
    "array in an array": text([[answer({"text": "Here: "}, finish=None)], [answer(PICTURE)]]),
    "one after another": text(answer({"text": "Here: "}, finish=None)) + b"\n" + text(answer(PICTURE)) + b"\n",
    "pretty array": json.dumps([answer({"text": "Here: "}, finish=None), answer(PICTURE)], indent=2).encode(),
}


@pytest.mark.parametrize("body", U1.values(), ids=U1)
def test_u1_a_stream_that_a_proxy_turned_into_an_array(body: bytes) -> None:
    assert told(body) == ["text Here: ", "picture", "STOP"]


def test_u1_an_array_that_breaks_off_is_cut() -> None:
    body = text([answer({"text": "Here"}), answer(PICTURE)])
    for at in range(1, len(body)):
        assert words(read(body[:at]))[-1] == "error UPSTREAM_CUT", f"cut at {at}"


WHOLE = events(answer({"text": "a"}, finish=None), answer(PICTURE))
U5 = {
    "done marker": WHOLE + b"data: [DONE]\n\n",
    "done marker without its empty line": WHOLE + b"data: [DONE]",
    "byte order mark": b"\xef\xbb\xbf" + WHOLE,
    "byte order mark before JSON": b"\xef\xbb\xbf" + text(answer({"text": "a"}, PICTURE)),
    "blank lines first": b"\r\n\r\n" + WHOLE,
    "no last empty line": WHOLE.rstrip(),
    "no last line end but one": WHOLE[:-2],
    "empty events": b"data:\n\n" + WHOLE + b"data: \n\ndata:\n\n",
    "comments and other fields": b": hello\n\nevent: x\nid: 1\nretry: 5\n" + WHOLE + b":bye\n",
    "no blank behind the colon": WHOLE.replace(b"data: {", b"data:{"),
    "LF": WHOLE.replace(b"\r\n", b"\n"),
    "CR": WHOLE.replace(b"\r\n", b"\r"),
    "values that are no answers": b'null"ping"7'
    + text([answer({"text": "a"}, finish=None), answer(PICTURE)])
    + b"true",
    "events that are no answers": b"data: ping\n\ndata: null\n\n" + WHOLE + b'data: "bye"\n\n',
}


@pytest.mark.parametrize("body", U5.values(), ids=U5)
def test_u5_framing(body: bytes) -> None:
    assert told(body) == ["text a", "picture", "STOP"]


def test_u12_what_is_beside_the_payloads_is_bounded() -> None:
    for junk in (b":\n", b"data:\n\n", b"event: x\n", b"data: \n"):
        assert told_once(junk * (4_500_000 // len(junk))) == ["error UPSTREAM_TOO_LARGE"]


@pytest.mark.parametrize(
    ("before", "error"),
    [
        (b'data: {"a": 1}\r\n\r\n', b'data: {"error": {"code": 503}}\r\n\r\n'),
        (b'data: {"text": "\\"error\\":"}\n\n', b'data: [{"error" : {"code": 503}}]\n\n'),
        (b'data: {"a": {"error": 1}}\r\r', b'data:{\t"error":1}\r\r'),
        (b"", b'data: {"error": {}}\n\n'),
        (b'[{"a": 1}', b',\r\n{\r\n  "error": {}}]'),
        (b"", b'[{"error": {}}]'),
    ],
)
def test_what_stands_in_front_of_an_error(before: bytes, error: bytes) -> None:
    assert before_error(before + error) == before


@pytest.mark.parametrize("piece", [b"", b'data: {"a": 1}\n\n', b'data: {"a": {"error": 1}}\n\n', b'{"error": {}}'])
def test_where_no_error_is_seen_nothing_is_told(piece: bytes) -> None:
    assert before_error(piece) == b""
