"""Errors in Google's format: {"error": {code, message, status, details}}. The HTTP status is chosen by the REST API."""

from typing import Any

from imagewire_server.contract.errors import DOMAIN, Error, Refused
from imagewire_server.contract.limits import MOST_VIOLATIONS

_TYPE = "type.googleapis.com/google.rpc."
_GOOGLES = "googleapis.com"
_NO_KEY = (
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form"
    " of API consumer identity to call this API."
)
_WRONG_KEY = "API key not valid. Please pass a valid API key."
_WRONG_TOKEN = "Request had invalid authentication credentials. Expected OAuth 2 access token."  # noqa: S105  # words


def body(error: Error, http_status: int, status: str, request_id: str) -> dict[str, Any]:
    """The object {"error": …}. status: a canonical name."""
    info = {"reason": error.reason, "domain": DOMAIN, "metadata": {**error.metadata, "request_id": request_id}}
    details: list[dict[str, Any]] = [_detail("ErrorInfo", **info)]
    if error.violations:
        named = [{"field": v.field, "description": v.description} for v in error.violations[:MOST_VIOLATIONS]]
        details.append(_detail("BadRequest", fieldViolations=named))
    if error.retry_after is not None:
        details.append(_detail("RetryInfo", retryDelay=f"{error.retry_after:.3f}s"))
    if isinstance(error, Refused):
        details += map(dict, error.details)
    return _made(http_status, error.message, status, details)


def unauthenticated(error: Error, request_id: str, *, shown: bool, vertex: bool) -> tuple[int, dict[str, Any]]:
    """What Google says of a key that is missing or wrong: the HTTP status, and the object.

    shown: whether there was any. vertex: whether Vertex AI was asked.
    """
    http, status, words, reason = (
        (401, "UNAUTHENTICATED", _WRONG_TOKEN, "ACCESS_TOKEN_TYPE_UNSUPPORTED" if shown else "CREDENTIALS_MISSING")
        if vertex
        else (400, "INVALID_ARGUMENT", _WRONG_KEY, "API_KEY_INVALID")
        if shown
        else (403, "PERMISSION_DENIED", _NO_KEY, "")
    )
    own = {"reason": error.reason, "domain": DOMAIN, "metadata": {"request_id": request_id}}
    details = [_detail("ErrorInfo", reason=reason, domain=_GOOGLES)] if reason else []
    return http, _made(http, f"{words} ({error.message})", status, [*details, _detail("ErrorInfo", **own)])


def _made(http_status: int, message: str, status: str, details: list[dict[str, Any]]) -> dict[str, Any]:
    return {"error": {"code": http_status, "message": message, "status": status, "details": details}}


def _detail(kind: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"{_TYPE}{kind}", **fields}
