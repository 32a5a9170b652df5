"""Google's errors, and those of proxies on the way, as ours, by one table.

The `status` string counts; the HTTP status only where there is none. What went wrong is said in Google's or the proxy's
own words, because they say what to correct. An internal error's words are left out: they may hold what they should not.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from imagewire_server.contract.errors import Code, Refused
from imagewire_server.providers.google.wire.error_body import Said, cleaned, of_json, read, shown_details


class _Row(NamedTuple):
    code: Code
    reason: str
    words: str
    quoted: bool = True  # whether the provider's words follow ours
    repeatable: bool = False
    charged: bool = False
    deployment_fault: bool = False


def _refuses(code: Code, reason: str) -> _Row:
    return _Row(code, reason, "the provider refused the call")


_TROUBLE = "the provider has a problem; it does not charge such calls: try again in a moment"
_INTERNAL = _Row(Code.UNAVAILABLE, "UPSTREAM_INTERNAL", _TROUBLE, quoted=False, repeatable=True, deployment_fault=True)
_TABLE = {
    "INVALID_ARGUMENT": _refuses(Code.INVALID_ARGUMENT, "UPSTREAM_INVALID_ARGUMENT"),
    "FAILED_PRECONDITION": _refuses(Code.FAILED_PRECONDITION, "UPSTREAM_FAILED_PRECONDITION"),
    "OUT_OF_RANGE": _refuses(Code.OUT_OF_RANGE, "UPSTREAM_OUT_OF_RANGE"),
    "PERMISSION_DENIED": _refuses(Code.PERMISSION_DENIED, "UPSTREAM_PERMISSION_DENIED"),
    "NOT_FOUND": _refuses(Code.NOT_FOUND, "MODEL_NOT_FOUND"),
    "ABORTED": _refuses(Code.ABORTED, "UPSTREAM_ABORTED"),
    "ALREADY_EXISTS": _refuses(Code.ALREADY_EXISTS, "UPSTREAM_ALREADY_EXISTS"),
    "UNIMPLEMENTED": _refuses(Code.UNIMPLEMENTED, "UPSTREAM_UNIMPLEMENTED"),
    "RESOURCE_EXHAUSTED": _Row(
        Code.RESOURCE_EXHAUSTED,
        "UPSTREAM_RATE_LIMITED",
        "the provider refused the call",
        repeatable=True,
        deployment_fault=True,
    ),
    "UNAUTHENTICATED": _Row(
        Code.UNAVAILABLE,
        "UPSTREAM_CREDENTIALS",
        "the provider refused the server's credentials: renew them on the imagewire server",
        quoted=False,
        deployment_fault=True,
    ),
    "INTERNAL": _INTERNAL,
    "UNKNOWN": _INTERNAL,
    "UNAVAILABLE": _Row(Code.UNAVAILABLE, "UPSTREAM_UNAVAILABLE", _TROUBLE, repeatable=True, deployment_fault=True),
    # Not UNAVAILABLE or CANCELLED: meshes repeat those, and this may have been charged.
    "CANCELLED": _Row(
        Code.ABORTED, "UPSTREAM_CANCELLED", "the provider cancelled the call; it may have been charged", charged=True
    ),
    "DATA_LOSS": _Row(
        Code.DATA_LOSS,
        "UPSTREAM_CUT",
        "the provider lost the answer; it may have been charged",
        quoted=False,
        charged=True,
    ),
    "DEADLINE_EXCEEDED": _Row(
        Code.DEADLINE_EXCEEDED,
        "UPSTREAM_TIMEOUT",
        "the provider ran out of time; the call may have been charged",
        charged=True,
        deployment_fault=True,
    ),
}
# What is known by more than its status.
_KEY_INVALID = _Row(
    Code.FAILED_PRECONDITION,
    "UPSTREAM_CREDENTIALS",
    "the provider refused the server's API key: set a valid GEMINI_API_KEY and restart the server",
    quoted=False,
    deployment_fault=True,
)
_QUOTA = _Row(
    Code.RESOURCE_EXHAUSTED,
    "UPSTREAM_QUOTA_EXHAUSTED",
    "a quota of the server's account is used up, and a short wait does not fill it",
    deployment_fault=True,
)
_BY_HTTP = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",  # relays: the account has no money left
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",  # relays say so also when the model took too long
    409: "ABORTED",
    410: "NOT_FOUND",  # a model that is retired
    412: "FAILED_PRECONDITION",
    413: "INVALID_ARGUMENT",  # the caller's request is too large
    422: "INVALID_ARGUMENT",  # relays: a field is wrong
    429: "RESOURCE_EXHAUSTED",
    451: "PERMISSION_DENIED",  # not in this region
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    # Proxies' own: 520, 527 and the like are not here, because nobody knows what became of the call.
    **dict.fromkeys((521, 522, 523, 525, 526, 529, 530), "UNAVAILABLE"),  # the provider was not reached
    **dict.fromkeys((524, 598, 599), "DEADLINE_EXCEEDED"),
}
_REPEATABLE_HTTP = frozenset({429, 500, 502, 503})
# Of the statuses from 500, those after which nothing was charged.
_FREE_HTTP = frozenset({500, 501, 502, 503, 521, 522, 523, 525, 526, 529, 530})
# What Google's API never says in HTML or with an empty body: a proxy, or another server, has answered.
_NEEDS_WORDS = frozenset({400, 403, 404, 410, 412, 422})
_PER_DAY = re.compile(r"per_?day|daily", re.IGNORECASE)
_NO_QUOTA = re.compile(r"free_tier.{0,200}\blimit: 0(?![\d.])", re.IGNORECASE | re.DOTALL)
_MOST_DETAILS = 64
_LONGEST_DELAY = 10**9
_DURATION = re.compile(r"\d{1,18}(?:\.\d{1,9})?s?")


def refusal(
    http: int,
    body: bytes,
    *,
    retry_after: float | None,
    secrets: Iterable[str],
    max_retry_after: float,
    request_bytes: int,
) -> Refused:
    """The error of an answer whose HTTP status is not 200.

    body: at least its first kilobytes. retry_after: seconds, of the header. secrets: what must not come out again.
    max_retry_after: the longest wait that is believed. request_bytes: how large the request was.
    """
    said = read(body)
    status = _status(said.error, _BY_HTTP.get(http, ""))
    foreign = (said.form in {"html", ""} and http in _NEEDS_WORDS) or (said.form == "text" and http == 404)
    words = cleaned(said, secrets)
    if http < 400 or not status or foreign:
        return _unexpected(http, words)
    refused = _refused(said, status, words, http)
    if _is_quoted(said, _TABLE[status]):
        refused.details = shown_details(said, secrets)
    refused.http_status = http
    if http == 413:
        refused.message = (
            f"the request, {request_bytes} bytes, is larger than the provider takes: {words or 'HTTP 413'}"
        )
    refused.repeatable = refused.repeatable and http in _REPEATABLE_HTTP
    if refused.charged or (http >= 500 and http not in _FREE_HTTP):
        refused.at_cost()
    elif refused.reason == _QUOTA.reason:
        refused.retry_after = None  # the hint is that of a rate limit, and the quota is not filled by then
    else:
        hints = [hint for hint in (retry_after, refused.retry_after) if hint is not None]
        refused.retry_after = min(max(hints), max_retry_after) if hints else None
        if hints and max(hints) > max_retry_after:
            refused.repeatable = False  # never before the provider allows it
    return refused


def refusal_in_answer(error: object, secrets: Iterable[str] = ()) -> Refused:
    """The error that stands inside an answer of HTTP status 200. What came before it may be charged.

    secrets: what must not come out again.
    """
    said = of_json(error)
    status = _status(said.error, "UNKNOWN")
    refused = _refused(said, status, "", 200)
    words = cleaned(said, secrets) if _is_quoted(said, _TABLE[status]) else ""
    # The table's texts say that such a failure is free; in the middle of an answer that is not true.
    refused.message = f"the provider failed in the middle of its answer; it may have been charged ({words or status})"
    refused.at_cost()
    return refused


def _status(error: dict[str, Any], fallback: str) -> str:
    """The word of the table for an error object; its code counts where it has none."""
    status, code = error.get("status"), error.get("code")
    if isinstance(status, str) and status.upper() in _TABLE:
        return status.upper()
    if isinstance(code, str) and code.isdecimal() and len(code) == 3:
        code = int(code)
    known = isinstance(code, int | float) and not isinstance(code, bool) and code in _BY_HTTP
    return _BY_HTTP[int(code)] if known and isinstance(code, int | float) else fallback


def _refused(said: Said, status: str, words: str, http: int) -> Refused:
    given = said.error.get("details")
    details = (
        [detail for detail in given[:_MOST_DETAILS] if isinstance(detail, dict)] if isinstance(given, list) else []
    )
    row = _TABLE[status]
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details):
        row, status = _KEY_INVALID, "API_KEY_INVALID"
    elif status == "RESOURCE_EXHAUSTED" and (http == 402 or _is_used_up(details, said.message)):
        row = _QUOTA
    message = row.words
    if _is_quoted(said, row):
        message = f"{row.words}: {words or f'it gave no reason (HTTP {http})'}"
    return Refused(
        message,
        code=row.code,
        reason=row.reason,
        repeatable=row.repeatable,
        charged=row.charged,
        deployment_fault=row.deployment_fault,
        retry_after=_retry_delay(details),
        metadata={"upstream_status": status},
    )


def _is_quoted(said: Said, row: _Row) -> bool:
    """Whether the provider's words are shown; a relay's that are no Google error are, because nothing else is known."""
    return row.quoted or (said.form == "json" and said.message != "" and "status" not in said.error)


def _unexpected(http: int, words: str) -> Refused:
    """An HTTP status that Google's API does not use: something else has answered."""
    # Of what was accepted, or broke in a way of a proxy's own, nobody knows what became.
    charged = http < 300 or (http >= 500 and http not in _FREE_HTTP)
    money = "it may have been charged" if charged else "nothing was charged"
    return Refused(
        f"the provider's address answered HTTP {http}{f' ({words})' if words else ''}, which is not how Google's API"
        f" answers; {money}: check the provider's base URL and the proxies on the way, on the imagewire server",
        code=Code.INTERNAL,
        reason="UPSTREAM_UNEXPECTED_STATUS",
        charged=charged,
        # A status of 400 to 499 may be an answer to what the caller wrote, and says nothing for sure.
        deployment_fault=not 400 <= http < 500,
        metadata={"http_status": str(http)},
    )


def _is_used_up(details: list[dict[str, Any]], message: str) -> bool:
    """Whether it is a quota that a short wait does not fill: one per day, or one of zero."""
    for detail in details:
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, dict):
                named = f"{violation.get('quotaId')} {violation.get('quotaMetric')}"
                if _PER_DAY.search(named) or str(violation.get("quotaValue")) == "0":
                    return True
    return _NO_QUOTA.search(message) is not None


def _retry_delay(details: list[dict[str, Any]]) -> float | None:
    """Seconds of google.rpc.RetryInfo, whose JSON is like "22s" or "0.5s"; some relays write a number."""
    for detail in details:
        delay = detail.get("retryDelay")
        if isinstance(delay, dict):
            delay = delay.get("seconds")
        if isinstance(delay, str) and _DURATION.fullmatch(delay):
            return float(delay.removesuffix("s"))
        if isinstance(delay, int | float) and not isinstance(delay, bool) and delay >= 0:
            return float(min(delay, _LONGEST_DELAY))
    return None
