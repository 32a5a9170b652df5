"""Google's errors, row by row: code, reason, who may repeat, what is quoted."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imagewire_server.api.rest.status import http_status
from imagewire_server.contract.errors import Code
from imagewire_server.providers.google.wire import refusal
from imagewire_server.providers.google.wire.errors import _TABLE, refusal_in_answer
from tests.effort import times

KEYS = ["error", "code", "status", "message", "details", "reason", "retryDelay", "@type"]
KEY = "the-key-of-this-server"


def refused(http: int, error: Any, **rest: Any) -> Any:
    body = json.dumps({"error": error}).encode() if not isinstance(error, bytes) else error
    given = {"retry_after": None, "secrets": (KEY,), "max_retry_after": 300.0, "request_bytes": 7_000_000, **rest}
    return refusal(http, body, **given)


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
    (408, "", "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", False, True),
    (413, "", "INVALID_ARGUMENT", "UPSTREAM_INVALID_ARGUMENT", False, False),
    (499, "CANCELLED", "ABORTED", "UPSTREAM_CANCELLED", False, True),
    (500, "INTERNAL", "UNAVAILABLE", "UPSTREAM_INTERNAL", True, False),
    (500, "UNKNOWN", "UNAVAILABLE", "UPSTREAM_INTERNAL", True, False),
    (500, "DATA_LOSS", "DATA_LOSS", "UPSTREAM_CUT", False, True),
    (501, "UNIMPLEMENTED", "UNIMPLEMENTED", "UPSTREAM_UNIMPLEMENTED", False, False),
    (502, "", "UNAVAILABLE", "UPSTREAM_UNAVAILABLE", True, False),
    (503, "UNAVAILABLE", "UNAVAILABLE", "UPSTREAM_UNAVAILABLE", True, False),
    (504, "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", False, True),
    (504, "UNAVAILABLE", "ABORTED", "UPSTREAM_UNAVAILABLE", False, True),
    (521, "", "UNAVAILABLE", "UPSTREAM_UNAVAILABLE", False, False),
    (524, "", "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", False, True),
    (402, "", "RESOURCE_EXHAUSTED", "UPSTREAM_QUOTA_EXHAUSTED", False, False),
    (422, "", "INVALID_ARGUMENT", "UPSTREAM_INVALID_ARGUMENT", False, False),
    (201, "", "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", False, True),
    (204, "", "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", False, True),
    (302, "", "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", False, False),
    (307, "", "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", False, False),
    (407, "", "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", False, False),
    (415, "", "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", False, False),
    (418, "", "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", False, False),
    (520, "", "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", False, True),
]


@pytest.mark.parametrize(("http", "status", "code", "reason", "repeatable", "charged"), ROWS)
def test_a_row(http: int, status: str, code: str, reason: str, repeatable: bool, charged: bool) -> None:
    error = refused(http, {"code": http, "status": status, "message": "words"} if status else {})
    assert (error.code, error.reason) == (Code[code], reason)
    assert (error.repeatable, error.charged) == (repeatable, charged)
    unquoted = {"UNAUTHENTICATED", "INTERNAL", "UNKNOWN", "DATA_LOSS"}
    assert ("words" in error.message) is (status != "" and status not in unquoted)


@pytest.mark.parametrize(
    ("http", "body"),
    [
        (404, b"404 page not found"),
        (404, b"<html>Not Found</html>"),
        (404, b""),
        (400, b"<html>Bad Request</html>"),
        (403, b""),
    ],
)
def test_u8_what_another_server_answers_is_not_the_callers_fault(http: int, body: bytes) -> None:
    error = refused(http, body)
    assert (error.code, error.reason, error.charged) == (Code.INTERNAL, "UPSTREAM_UNEXPECTED_STATUS", False)
    assert "base URL" in error.message
    assert http_status(error) == 502


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (429, "UPSTREAM_RATE_LIMITED"),
        ("429", "UPSTREAM_RATE_LIMITED"),
        (429.0, "UPSTREAM_RATE_LIMITED"),
        ("rate_limit_exceeded", "UPSTREAM_INVALID_ARGUMENT"),
        (True, "UPSTREAM_INVALID_ARGUMENT"),
        ([429], "UPSTREAM_INVALID_ARGUMENT"),
        (None, "UPSTREAM_INVALID_ARGUMENT"),
        (1e300, "UPSTREAM_INVALID_ARGUMENT"),
    ],
)
def test_u8_a_code_of_any_type_is_read_or_left_out(code: Any, reason: str) -> None:
    assert refused(400, {"code": code, "message": "x"}).reason == reason


def test_u8_a_request_too_large_is_told_its_size() -> None:
    error = refused(413, b"<html><title>413 Request Entity Too Large</title></html>")
    assert "7000000 bytes" in error.message
    assert "413 Request Entity Too Large" in error.message
    assert http_status(error) == 400


@pytest.mark.parametrize(
    ("details", "message"),
    [
        ([{"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}], "x"),
        ([{"violations": [{"quotaMetric": "generate_requests_per_day"}]}, {"retryDelay": "37s"}], "x"),
        ([{"violations": [{"quotaId": "GenerateRequestsPerMinute-FreeTier", "quotaValue": "0"}]}], "x"),
        ([], "Quota exceeded for metric: generate_content_free_tier_requests, limit: 0, model: m"),
    ],
)
def test_u8_a_quota_that_a_wait_does_not_fill_is_not_repeated(details: Any, message: str) -> None:
    error = refused(429, {"status": "RESOURCE_EXHAUSTED", "message": message, "details": details})
    assert (error.code, error.reason) == (Code.RESOURCE_EXHAUSTED, "UPSTREAM_QUOTA_EXHAUSTED")
    assert not error.repeatable
    assert error.retry_after is None, "a hint would make machines repeat it"


def test_u8_a_quota_per_minute_is_a_rate_limit() -> None:
    details = [{"violations": [{"quotaId": "GenerateRequestsPerMinutePerProject", "quotaValue": "10"}, 3]}, 4]
    said = "Quota exceeded for metric: generate_content_free_tier_requests, limit: 0.5"
    error = refused(429, {"status": "RESOURCE_EXHAUSTED", "message": said, "details": details})
    assert (error.reason, error.repeatable) == ("UPSTREAM_RATE_LIMITED", True)


@pytest.mark.parametrize("status", [*_TABLE, "", "NEW"])
@pytest.mark.parametrize("retry", [[], [{"retryDelay": "2s"}]])
def test_m_no_charged_end_has_a_code_that_meshes_repeat(status: str, retry: Any) -> None:
    error = refusal_in_answer({"status": status, "code": 503, "message": "words", "details": retry})
    assert (error.charged, error.repeatable, error.retry_after) == (True, False, None)
    assert error.code not in {Code.UNAVAILABLE, Code.CANCELLED, Code.RESOURCE_EXHAUSTED}
    for http in range(201, 600):
        error = refused(http, {"status": status, "message": "words", "details": retry})
        assert not (error.charged and error.code in {Code.UNAVAILABLE, Code.CANCELLED, Code.RESOURCE_EXHAUSTED})
        assert not (error.charged and (error.repeatable or error.retry_after is not None))


@pytest.mark.parametrize(
    "error", ["plain words", {"message": "plain words"}, ["plain words"], [{"msg": "plain words"}]]
)
def test_u8_an_error_in_an_answer_may_have_any_shape(error: Any) -> None:
    assert "plain words" in refusal_in_answer(error).message


@pytest.mark.parametrize(
    "error", [5, None, {}, [], True, {"status": [], "code": {}, "details": {"a": 1}, "message": 4}]
)
def test_u8_an_error_in_an_answer_may_say_nothing(error: Any) -> None:
    assert refusal_in_answer(error).reason == "UPSTREAM_INTERNAL"


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
        ([{"retryDelay": "999999999s"}], None, 300),
        ([{"retryDelay": 10**400}], None, 300),
        ([{"retryDelay": {"seconds": 4}}], None, 4),
        ([{"retryDelay": 2.5}], None, 2.5),
        ([], 999999999.0, 300),
    ],
)
def test_the_longest_hint_counts(details: Any, header: float | None, seconds: float | None) -> None:
    error = refused(429, {"status": "RESOURCE_EXHAUSTED", "details": details}, retry_after=header)
    assert error.retry_after == seconds


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=12,
)


@example(500, b'{"error": {"details": 1}}')
@settings(max_examples=times(1000))
@given(st.integers(201, 599), st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_makes_an_error(http: int, body: bytes) -> None:
    error = refused(http, body)
    assert error.message
    assert error.reason
    assert "\x00" not in error.message


@pytest.mark.parametrize("header", ["SECRET-key", "Bearer SECRET-key"])
def test_d10_an_error_in_an_answer_is_told_without_the_servers_key(header: str) -> None:
    error = {"status": "UNAVAILABLE", "message": "The key SECRET-key is overloaded."}
    message = refusal_in_answer(error, [header]).message
    assert "SECRET-key" not in message
    assert "is overloaded" in message
