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

# The maximum length of a message with several violations. `violations` has them all.
_LONGEST = 4000


def body(error: Error, request_id: str) -> dict[str, Any]:
    """The object {"error": …}. The message names every wrong field. param: the first one; code: our stable reason."""
    first = error.violations[0].field if error.violations else None
    made: dict[str, Any] = {
        "message": _message(error),
        "type": _TYPES.get(error.code, "api_error"),
        "param": first,
        "code": error.reason.lower(),
        "request_id": request_id,
    }
    if len(error.violations) > 1:
        made["violations"] = [{"field": v.field, "description": v.description} for v in error.violations]
    return {"error": made}


def _message(error: Error) -> str:
    """The error's message, with all violations if there are several."""
    if len(error.violations) < 2:
        return error.message
    named: list[str] = []
    length = 0
    for one in error.violations:
        words = f"{one.field or 'the request'}: {one.description}"
        length += len(words)
        if named and length > _LONGEST:
            break
        named.append(words)
    left = len(error.violations) - len(named)
    return "; ".join(named) + (f" (and {left} more)" if left else "")
