"""Errors in OpenAI's format. The HTTP status is chosen by the REST API."""

from typing import Any

from imagewire_server.contract.errors import Code, Error

_TYPES = {
    Code.INVALID_ARGUMENT: "invalid_request_error",
    Code.OUT_OF_RANGE: "invalid_request_error",
    Code.FAILED_PRECONDITION: "invalid_request_error",
    Code.NOT_FOUND: "not_found_error",
    Code.UNAUTHENTICATED: "authentication_error",
    Code.PERMISSION_DENIED: "permission_error",
    Code.RESOURCE_EXHAUSTED: "rate_limit_error",
    Code.DEADLINE_EXCEEDED: "timeout_error",
}


def body(error: Error, request_id: str) -> dict[str, Any]:
    """The object {"error": …}. param: the first wrong field; code: our stable reason, in lower case."""
    first = error.violations[0].field if error.violations else None
    made: dict[str, Any] = {
        "message": error.message,
        "type": _TYPES.get(error.code, "api_error"),
        "param": first,
        "code": error.reason.lower(),
        "request_id": request_id,
    }
    if len(error.violations) > 1:
        made["violations"] = [{"field": v.field, "description": v.description} for v in error.violations]
    return {"error": made}
