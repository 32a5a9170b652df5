"""Google's errors as ours, by one table. The `status` string counts; the HTTP code only where there is none.

What a caller did is told in Google's own words, because they say what to mend; what failed inside Google is told in
ours. 429, 500, 502 and 503 that were received are not charged, so they alone may be repeated.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from imagewire_server.contract.errors import Code, Refused

_LONGEST_MESSAGE = 2000
_KEY = re.compile(r"AIza[\w-]{10,}|ya29\.[\w.-]+")


class _Row(NamedTuple):
    code: Code
    reason: str
    quoted: bool = False  # whether Google's message goes to the caller
    repeatable: bool = False
    charged: bool = False
    words: str = ""


_TROUBLE = "the provider is in trouble; it does not charge such calls: try again in a moment"
_TABLE = {
    "INVALID_ARGUMENT": _Row(Code.INVALID_ARGUMENT, "UPSTREAM_INVALID_ARGUMENT", quoted=True),
    "FAILED_PRECONDITION": _Row(Code.FAILED_PRECONDITION, "UPSTREAM_FAILED_PRECONDITION", quoted=True),
    "OUT_OF_RANGE": _Row(Code.OUT_OF_RANGE, "UPSTREAM_OUT_OF_RANGE", quoted=True),
    "PERMISSION_DENIED": _Row(Code.PERMISSION_DENIED, "UPSTREAM_PERMISSION_DENIED", quoted=True),
    "NOT_FOUND": _Row(Code.NOT_FOUND, "MODEL_NOT_FOUND", quoted=True),
    "ABORTED": _Row(Code.ABORTED, "UPSTREAM_ABORTED", quoted=True),
    "ALREADY_EXISTS": _Row(Code.ALREADY_EXISTS, "UPSTREAM_ALREADY_EXISTS", quoted=True),
    "RESOURCE_EXHAUSTED": _Row(Code.RESOURCE_EXHAUSTED, "UPSTREAM_RATE_LIMITED", quoted=True, repeatable=True),
    "UNIMPLEMENTED": _Row(Code.UNIMPLEMENTED, "UPSTREAM_UNIMPLEMENTED", quoted=True),
    "UNAUTHENTICATED": _Row(
        Code.UNAVAILABLE,
        "UPSTREAM_CREDENTIALS",
        words="the provider refused the server's credentials: renew them on the imagewire server",
    ),
    "API_KEY_INVALID": _Row(
        Code.FAILED_PRECONDITION,
        "UPSTREAM_CREDENTIALS",
        words="the provider refused the server's API key: set a valid GEMINI_API_KEY and restart the server",
    ),
    "INTERNAL": _Row(Code.UNAVAILABLE, "UPSTREAM_INTERNAL", repeatable=True, words=_TROUBLE),
    "UNKNOWN": _Row(Code.UNAVAILABLE, "UPSTREAM_INTERNAL", repeatable=True, words=_TROUBLE),
    "UNAVAILABLE": _Row(Code.UNAVAILABLE, "UPSTREAM_UNAVAILABLE", repeatable=True, words=_TROUBLE),
    "CANCELLED": _Row(Code.UNAVAILABLE, "UPSTREAM_CANCELLED", charged=True, words="the provider gave the call up"),
    "DATA_LOSS": _Row(Code.DATA_LOSS, "UPSTREAM_CUT", charged=True, words="the provider lost the answer"),
    "DEADLINE_EXCEEDED": _Row(
        Code.DEADLINE_EXCEEDED,
        "UPSTREAM_TIMEOUT",
        charged=True,
        words="the provider ran out of time; the call may have been charged",
    ),
}
_BY_HTTP = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_REPEATABLE_HTTP = frozenset({429, 500, 502, 503})


def refusal(http: int, body: bytes, *, retry_after: float | None, secrets: Iterable[str]) -> Refused:
    """The error of an answer whose HTTP status is not 200.

    body: at least its first kilobytes. retry_after: seconds, of the header. secrets: what must not come out again.
    """
    error = _error_in(body)
    refused = _refused(error, _BY_HTTP.get(http, "UNKNOWN" if http >= 500 else "FAILED_PRECONDITION"), http, secrets)
    refused.repeatable = refused.repeatable and http in _REPEATABLE_HTTP
    if retry_after is not None:
        refused.retry_after = max(retry_after, refused.retry_after or 0.0)
    return refused


def refusal_in_answer(error: dict[str, Any]) -> Refused:
    """The error that stands inside an answer of HTTP status 200. What came before it may be charged."""
    refused = _refused(error, "UNKNOWN", 200, ())
    # What is said of trouble before an answer, that it is free, is not true in the middle of one.
    why = refused.metadata["upstream_status"] if refused.message == _TROUBLE else refused.message
    refused.message = f"the provider failed in the middle of its answer; it may have been charged ({why})"
    refused.repeatable = False
    refused.charged = True
    return refused


def _error_in(body: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    if isinstance(document, list):
        document = document[0] if document else {}
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) else {}


def _refused(error: dict[str, Any], fallback: str, http: int, secrets: Iterable[str]) -> Refused:
    given = error.get("details")
    details = [detail for detail in given if isinstance(detail, dict)] if isinstance(given, list) else []
    status = error.get("status")
    if not isinstance(status, str) or status not in _TABLE:
        code = error.get("code")
        status = _BY_HTTP.get(code, fallback) if isinstance(code, int) else fallback
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details):
        status = "API_KEY_INVALID"
    row = _TABLE[status]
    said = error.get("message")
    message = row.words
    if row.quoted:
        silent = f"it gave no reason (HTTP {http}); check the provider's base URL in the server's settings"
        quoted = _clean(said, secrets) if isinstance(said, str) and said else silent
        message = f"the provider refused the call: {quoted}"
    refused = Refused(
        message,
        code=row.code,
        reason=row.reason,
        repeatable=row.repeatable,
        retry_after=_retry_delay(details),
        metadata={"upstream_status": status},
    )
    refused.charged = row.charged
    return refused


def _clean(message: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        message = message.replace(secret, "[redacted]")
    return _KEY.sub("[redacted]", message)[:_LONGEST_MESSAGE]


def _retry_delay(details: list[dict[str, Any]]) -> float | None:
    """Seconds of google.rpc.RetryInfo, whose JSON is like "22s" or "0.5s"."""
    for detail in details:
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?s", delay):
            return float(delay[:-1])
    return None
