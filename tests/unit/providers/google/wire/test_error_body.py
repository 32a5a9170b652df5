"""What the body of an error says, in any form, and that no key is left in what is shown."""

import gzip
import zlib
from typing import Any

import pytest

from imagewire_server.providers.google.wire.error_body import Said, cleaned, of_json, read, shown_details
from tests.unit.providers.google.wire.test_errors import KEY, refused

BODIES = [
    b'{"error": "the reason"}',
    b'{"message": "the reason"}',
    b'{"error": {"message": "the reason"}}',
    b'[{"error": {"message": "the reason", "code": "429"}}]',
    b'\xef\xbb\xbf{"error": {"message": "the reason"}}',
    '\ufeff{"error": {"message": "the reason"}}'.encode("utf-16-le"),
    gzip.compress(b'{"error": {"message": "the reason"}}', mtime=0),
    zlib.compress(b'{"detail": [{"msg": "the reason"}]}'),
    b'{"error": {"message": "the reason", "details": "' + b"x" * 2_000_000,
    b'{"error": {"message": "the reason", "details": "' + b"x" * 100_000 + b'"}}',
    b'data: {"error": {"message": "the reason"}}\n\n',
    b"the reason\n",
    b"<html><head><title>the reason</title></head><body>long</body></html>",
    b"<p>the\n reason</p>",
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body[:30]))
@pytest.mark.parametrize("http", [400, 403, 413, 418, 429, 503, 302])
def test_u8_the_reason_is_shown_however_it_is_told(http: int, body: bytes) -> None:
    error = refused(http, body)
    assert "the reason" in error.message
    assert len(error.message) < 600


def test_keys_are_redacted_in_what_is_quoted() -> None:
    said = (
        f"key {KEY} and AIzaSyA1234567890abcdefghijk and ya29.token-x and Bearer abcdefghijkl and"
        " https://user:word@host/?a=1&key=abc are wrong"
    )
    error = refused(403, {"status": "PERMISSION_DENIED", "message": said})
    assert error.message.count("[redacted]") == 6
    assert KEY not in error.message
    assert "word" not in error.message


@pytest.mark.parametrize("form", ["{}", '{{"message": "{}"}}', '{{"error": {{"message": "{}', "<p>{}</p>"])
def test_no_piece_of_a_key_is_left_where_words_are_shortened(form: str) -> None:
    for before in (*range(240, 320), *range(1900, 2010), *range(8100, 9050, 3)):
        error = refused(418, form.format(("word " * 2000)[:before] + KEY).encode())
        assert "the-key" not in error.message
        assert "-server" not in error.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", Said({}, "", "")),
        (b" \n\t", Said({}, "", "")),
        (b'{"error":{"status":"X","message":"why"}}', Said({"status": "X", "message": "why"}, "why", "json")),
        (b'[1,{"error":{"message":"why"}}]', Said({"message": "why"}, "why", "json")),
        (b'data: {"message":"why"}', Said({"message": "why"}, "why", "json")),
        (b'"why"', Said({}, "why", "json")),
        (b"[]", Said({}, "", "json")),
        (b"12", Said({}, "", "json")),
        (b'{"error":"why"}', Said({"error": "why"}, "why", "json")),
        (b'{"error":{"code":7},"message":"beside"}', Said({"code": 7}, "beside", "json")),
        (
            b'{"message":"beside","error":{"error":{"message":"inside"}}}',
            Said({"error": {"message": "inside"}}, "inside", "json"),
        ),
        (
            b'{"errors":[{"title":""},{"detail":{"msg":"why"}}]}',
            Said({"errors": [{"title": ""}, {"detail": {"msg": "why"}}]}, "why", "json"),
        ),
        (b'{"a":{"message":"not ours"}}', Said({"a": {"message": "not ours"}}, "", "json")),
        (b'{"message":"\\ud800why"', Said({}, "\\ud800why", "json")),
        (
            b'{"error":{"code":"429","status":"X","message":"say \\"why\\"\\nnow',
            Said({"status": "X", "code": 429}, 'say "why" now', "json"),
        ),
        (b'{"error":{"message":"say \\"why\\"\\nnow","x', Said({}, 'say "why" now', "json")),
        (b'{"error":"why","code":503,', Said({"code": 503}, "why", "json")),
        (b"[" * 100_000, Said({}, "", "json")),
        (b"no \n JSON", Said({}, "no JSON", "text")),
        (b"<title>\n</title><b>why</b> not", Said({}, " why not", "html")),
        (b"<TITLE x='1'>why\n not</TITLE>rest", Said({}, "why not", "html")),
        (b"\xef\xbb\xbfwhy\xff", Said({}, "why\N{REPLACEMENT CHARACTER}", "text")),
        (b"\x1f\x8bnot gzip", Said({}, "", "")),
        (gzip.compress(b"why", mtime=0)[:-8], Said({}, "why", "text")),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, bytes) else "",
)
def test_each_form_of_a_body(body: bytes, said: Said) -> None:
    assert read(body) == said


def test_words_are_looked_for_four_levels_deep_and_in_few_elements() -> None:
    def nested(levels: int) -> Any:
        return "why" if levels == 0 else {"error": nested(levels - 1)}

    assert [of_json(nested(levels)).message for levels in range(7)] == ["why"] * 5 + [""] * 2
    assert of_json([[""] * 7 + ["why"]]).message == "why"
    assert of_json([[""] * 8 + ["why"]]).message == ""


@pytest.mark.parametrize(("form", "most"), [("json", 2000), ("text", 300), ("html", 300)])
def test_words_are_shortened_by_their_form(form: str, most: int) -> None:
    assert cleaned(Said({}, "x" * most, form), ()) == "x" * most
    assert cleaned(Said({}, "x" * (most + 1), form), ()) == "x" * (most - 1) + "…"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("a\x00b\tc\x7f ", "a b\tc"),
        ("the KEY here", "the [redacted] here"),
        ("AIza" + "x" * 9, "AIza" + "x" * 9),
        ("AIza" + "x" * 10, "[redacted]"),
        ("sk-" + "x" * 16, "[redacted]"),
        ("https://h/?a=1&key=abc&b=2", "https://h/?a=1&key=[redacted]&b=2"),
        ("postgres://user:word@host/", "postgres://[redacted]@host/"),
        ("BEARER abcdefgh", "BEARER [redacted]"),
        ("bearer short", "bearer short"),
    ],
)
def test_what_is_shown_has_no_keys(words: str, shown: str) -> None:
    assert cleaned(Said({}, words, "json"), ("Bearer KEY", "")) == shown


_RPC = "type.googleapis.com/google.rpc."
_VIOLATION = {"field": "generation_config", "description": "the key key-of-ours and AIzaSyAnotherKey of another"}


def test_details_about_the_request_are_shown_without_keys() -> None:
    others = [{"@type": f"{_RPC}ErrorInfo", "metadata": {"consumer": "projects/1"}}, 5, {"@type": 1}]
    bad = {"@type": f"{_RPC}BadRequest", "fieldViolations": [_VIOLATION]}
    help_ = {"@type": f"{_RPC}Help", "links": [{"url": "https://a.example"}]}
    shown = shown_details(Said({"details": [*others, bad, help_]}, "", "json"), ["key-of-ours"])
    said = "the key [redacted] and [redacted] of another"
    assert shown == ({**bad, "fieldViolations": [{**_VIOLATION, "description": said}]}, help_)


@pytest.mark.parametrize(
    "details",
    [
        None,
        {},
        [],
        [{"@type": f"{_RPC}Help", "a": "b" * 10_000}],
        [{"@type": f"{_RPC}Help", "a": ["://b"], "c": "@e"}],
        [{"@type": f"{_RPC}Help", "a": "\ud800"}],
    ],
)
def test_details_that_cannot_be_shown_are_left_out(details: object) -> None:
    assert shown_details(Said({"details": details}, "", "json"), []) == ()
