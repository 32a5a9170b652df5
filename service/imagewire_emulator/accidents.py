"""Scenarios in which the answer fails or is incomplete: timing, connection faults, errors."""

import gzip
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from email.utils import formatdate

from imagewire_emulator.errors import ApiError, detail, invalid
from imagewire_emulator.plan import Change, Plan, Raw, Scenarios, changed, number

_INTERNAL = ApiError("INTERNAL", "An internal error has occurred.")
_OVERLOADED = ApiError("UNAVAILABLE", "The model is overloaded. Please try again later.")
_EXHAUSTED = ApiError("RESOURCE_EXHAUSTED", "Resource has been exhausted.")
_NO_CREDITS = ApiError(
    "RESOURCE_EXHAUSTED",
    "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project"
    " and billing.",
)


def _per_minute(value: int) -> dict[str, object]:
    return {
        "quotaMetric": "generativelanguage.googleapis.com/generate_requests_per_model",
        "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
        "quotaDimensions": {"location": "global"},
        "quotaValue": str(value),
    }


_HTML = {"Content-Type": "text/html; charset=UTF-8"}


def _limited(seconds: int, violation: Mapping[str, object] | None = None) -> ApiError:
    return ApiError(
        "RESOURCE_EXHAUSTED",
        f"You exceeded your current quota, please check your plan and billing details.\nPlease retry in {seconds}s.",
        [
            detail("QuotaFailure", violations=[violation or _per_minute(500)]),
            detail(
                "Help",
                links=[{"description": "Learn more", "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}],
            ),
            detail("RetryInfo", retryDelay=f"{seconds}s"),
        ],
    )


def quota_exhausted(what: str, value: int) -> ApiError:
    """The daily quota of "requests" or "pictures" is used up. Google sends a delay all the same."""
    return _limited(
        33,
        {
            "quotaMetric": "generativelanguage.googleapis.com/generate_WHAT_per_model_per_day".replace("WHAT", what),
            "quotaId": f"Generate{what.title()}PerDayPerProjectPerModel",
            "quotaValue": str(value),
        },
    )


def minute_exhausted(value: int, seconds: int) -> ApiError:
    """The quota of requests a minute is used up, for so many seconds."""
    return _limited(seconds, _per_minute(value))


def _json(status: int, value: object) -> Change:
    return changed(raw=Raw(status, json.dumps(value).encode()))


def _page(status: int, title: str) -> Change:
    return changed(raw=Raw(status, f"<html><title>{title}</title></html>".encode(), _HTML))


def _packed(error: ApiError) -> Change:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return changed(raw=Raw(error.http, gzip.compress(json.dumps(error.body()).encode()), headers))


def _retry_after(words: str) -> Change:
    return changed(error=_EXHAUSTED, headers={"Retry-After": words})


def _retry_at(plan: Plan, given: list[int]) -> Plan:
    at = formatdate(time.time() + number(given, 0, 60), usegmt=True)
    return replace(plan, error=_EXHAUSTED, headers={"Retry-After": at})


def _drip(plan: Plan, given: list[int]) -> Plan:
    return replace(plan, layout=("image",), pace=number(given, 0, 2000) / 1000, exact_bytes=number(given, 1, 2_000_000))


def _cut(how: str) -> Change:
    return lambda plan, given: replace(plan, cut=how, cut_at=number(given, 0, 50) / 100)


def _status(name: str, message: str) -> Change:
    return changed(error=ApiError(name, message))


# Scenarios whose number is a percentage of the body.
CUTS = frozenset({"cut", "cut-clean", "reset", "stuck"})

# name → (what it does, how it changes the plan)
ACCIDENTS: Scenarios = {
    "latency": ("the first byte comes after 2000 ms, or N", lambda p, n: replace(p, delay=number(n, 0, 2000) / 1000)),
    "latency-realistic": ("the times that the model and the size take, some seconds", changed(realistic=True)),
    "silent": ("no answer at all", changed(silent=True)),
    "drip": ("the body takes 2000 ms, or N, for a picture of 2 000 000 bytes, or M", _drip),
    "stuck": ("half the body, or N %, then silence", _cut("stuck")),
    "reset": ("half the body, or N %, then a TCP reset", _cut("reset")),
    "cut": ("half the body, or N %, then the connection closes", _cut("cut")),
    "cut-clean": ("half the body, or N %, as if it were complete", _cut("cut-clean")),
    "bomb": ("a picture without end", changed(damage="bomb", layout=("image",))),
    "429": ("rate limited, RetryInfo 22 s, or N", lambda p, n: replace(p, error=_limited(number(n, 0, 22)))),
    "429-header": ("rate limited, Retry-After alone, 7 s", _retry_after("7")),
    "429-date": ("rate limited, Retry-After as a date, in 60 s, or N", _retry_at),
    "429-fraction": ("rate limited, Retry-After: 1.5", _retry_after("1.5")),
    "429-huge": ("rate limited, Retry-After: 999999999", _retry_after("999999999")),
    "429-no-credits": ("the prepaid credits are used up; nothing says when to retry", changed(error=_NO_CREDITS)),
    "429-per-day": (
        "the daily quota is used up, with a RetryInfo of 33 s nevertheless",
        changed(error=quota_exhausted("requests", 100)),
    ),
    "500": ("always an internal error", changed(error=_INTERNAL)),
    "503": ("always overloaded", changed(error=_OVERLOADED)),
    "500-burst": ("one internal error, or N, then a picture", changed(error=_INTERNAL)),
    "503-burst": ("one overload, or N, then a picture", changed(error=_OVERLOADED)),
    "429-burst": ("one rate limit of 0 s, or N of them, then a picture", changed(error=_limited(0))),
    "400": ("always an invalid argument", changed(error=invalid("Request contains an invalid argument."))),
    "401": ("always unauthenticated", _status("UNAUTHENTICATED", "Request had invalid authentication credentials.")),
    "403": ("always denied", _status("PERMISSION_DENIED", "The caller does not have permission")),
    "404": ("always not found", _status("NOT_FOUND", "Requested entity was not found.")),
    "499": ("always cancelled", _status("CANCELLED", "The operation was cancelled.")),
    "502": ("502 with an HTML page", _page(502, "502 Bad Gateway")),
    "504": ("always too late", _status("DEADLINE_EXCEEDED", "The request timed out. Please try again.")),
    "201": ("201 and no answer", _json(201, {"name": "operations/1"})),
    "redirect": ("302 to another host", changed(raw=Raw(302, headers={"Location": "https://example.com/"}))),
    "408": (
        "408 with an HTML page",
        _page(408, "408 Request Timeout"),
    ),
    "413": ("413 with an HTML page", _page(413, "413 Request Entity Too Large")),
    "bad-type": ("200 with an HTML page", _page(200, "Sign in")),
    "leak": ("500 whose text contains the key and the prompt", changed(damage="leak")),
    "array-error": (
        "400 whose body is an array",
        _json(400, [invalid("Request contains an invalid argument.").body()]),
    ),
    "error-text": ('500 with {"error": "text"}', _json(500, {"error": "The relay could not reach the model."})),
    "error-message": ('500 with {"message": "text"}', _json(500, {"message": "The relay could not reach the model."})),
    "error-gzip": ("503 with a compressed body that was not requested", _packed(_OVERLOADED)),
    "error-bom": (
        "503 with a byte order mark before its JSON",
        changed(raw=Raw(503, b"\xef\xbb\xbf" + json.dumps(_OVERLOADED.body()).encode())),
    ),
    "error-long": (
        "503 with a body of 200 KB, the message first",
        _json(503, ApiError("UNAVAILABLE", _OVERLOADED.message, [detail("DebugInfo", detail="x" * 200_000)]).body()),
    ),
    "error-in-stream": ("text, then an error as an event", changed(layout=("text",), damage="error-event")),
    "bare-error-in-stream": ("text, then an error as bare JSON", changed(layout=("text",), damage="bare-error")),
}
