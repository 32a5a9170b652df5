"""Google's errors, row by row: code, reason, who may repeat, what is quoted."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imagewire_server.contract.errors import Code
from imagewire_server.dialects.gemini import refusal

KEYS = ["error", "code", "status", "message", "details", "reason", "retryDelay", "@type"]
KEY = "the-key-of-this-server"


def refused(http: int, error: Any, **rest: Any) -> Any:
    body = json.dumps({"error": error}).encode() if not isinstance(error, bytes) else error
    return refusal(http, body, **{"retry_after": None, "secrets": (KEY,), **rest})


# http, status string, code, reason, repeatable, charged
ROWS = [
    (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "UPSTREAM_INVALID_ARGUMENT", False, False),
    (400, "FAILED_PRECONDITION", "FAILED_PRECONDITION", "UPSTREAM_FAILED_PRECONDITION", False, False),
    (400, "OUT_OF_RANGE", "OUT_OF_RANGE", "UPSTREAM_OUT_OF_RANGE", False, False),
    (401, "UNAUTHENTICATED", "UNAVAILABLE", "UPSTREAM_CREDENTIALS", False, False),
    (403, "PERMISSION_DENIED", "PERMISSION_DENIED", "UPSTREAM_PERMISSION_DENIED", False, False),
    (404, "NOT_FOUND", "NOT_FOUND", "MODEL_NOT_FOUND", False, False),
    (409, "ABORTED", "ABORTED", "UPSTREAM_ABORTED", False, False),
    (409, "ALREADY_EXISTS", "ALREADY_EXISTS", "UPSTREAM_ALREADY_EXISTS", False, False),
    (429, "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED", "UPSTREAM_RATE_LIMITED", True, False),
    (499, "CANCELLED", "UNAVAILABLE", "UPSTREAM_CANCELLED", False, True),
    (500, "INTERNAL", "UNAVAILABLE", "UPSTREAM_INTERNAL", True, False),
    (500, "UNKNOWN", "UNAVAILABLE", "UPSTREAM_INTERNAL", True, False),
    (500, "DATA_LOSS", "DATA_LOSS", "UPSTREAM_CUT", False, True),
    (501, "UNIMPLEMENTED", "UNIMPLEMENTED", "UPSTREAM_UNIMPLEMENTED", False, False),
    (502, "", "UNAVAILABLE", "UPSTREAM_UNAVAILABLE", True, False),
    (503, "UNAVAILABLE", "UNAVAILABLE", "UPSTREAM_UNAVAILABLE", True, False),
    (504, "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", False, True),
    (504, "UNAVAILABLE", "UNAVAILABLE", "UPSTREAM_UNAVAILABLE", False, False),
    (418, "", "FAILED_PRECONDITION", "UPSTREAM_FAILED_PRECONDITION", False, False),
]


@pytest.mark.parametrize(("http", "status", "code", "reason", "repeatable", "charged"), ROWS)
def test_a_row(http: int, status: str, code: str, reason: str, repeatable: bool, charged: bool) -> None:
    error = refused(http, {"code": http, "status": status, "message": "words"} if status else {})
    assert (error.code, error.reason) == (Code[code], reason)
    assert (error.repeatable, error.charged) == (repeatable, charged)
    assert ("words" in error.message) is ((status != "" and http < 500 and http not in {401, 499}) or http == 501)


def test_a_wrong_key_is_told_by_its_reason_not_its_code() -> None:
    error = refused(400, {"status": "INVALID_ARGUMENT", "message": "x", "details": [{"reason": "API_KEY_INVALID"}]})
    assert (error.code, error.reason) == (Code.FAILED_PRECONDITION, "UPSTREAM_CREDENTIALS")


@pytest.mark.parametrize(
    ("details", "header", "seconds"),
    [
        ([{"retryDelay": "22s"}], None, 22),
        ([{"retryDelay": "0.5s"}], 3.0, 3),
        ([], 7.0, 7),
        ([{"retryDelay": "soon"}], None, None),
    ],
)
def test_the_longest_hint_counts(details: Any, header: float | None, seconds: float | None) -> None:
    error = refused(429, {"status": "RESOURCE_EXHAUSTED", "details": details}, retry_after=header)
    assert error.retry_after == seconds


def test_keys_are_redacted_in_what_is_quoted() -> None:
    said = f"key {KEY} and AIzaSyA1234567890abcdefghijk and ya29.token-x are wrong"
    error = refused(403, {"status": "PERMISSION_DENIED", "message": said})
    assert error.message.count("[redacted]") == 3
    assert KEY not in error.message


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=12,
)


@example(500, b'{"error": {"details": 1}}')
@settings(max_examples=1000)
@given(st.integers(201, 599), st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_makes_an_error(http: int, body: bytes) -> None:
    error = refusal(http, body, retry_after=None, secrets=())
    assert error.message
    assert error.reason
