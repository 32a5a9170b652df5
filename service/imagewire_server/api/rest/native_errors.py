"""Our errors as Google's: the HTTP status, the canonical name, the body."""

from typing import Any

from imagewire_server.api.rest.status import HttpError, http_status
from imagewire_server.contract.errors import Code, Error, Unauthenticated
from imagewire_server.core.call import Call
from imagewire_server.formats.google import errors, paths

# Errors of the HTTP request have no code of gRPC's.
_STATUSES = {
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    431: "INVALID_ARGUMENT",
    503: "UNAVAILABLE",
}
# Not 501: Google's SDKs may repeat every status from 500 up.
_UNSERVED = "UNIMPLEMENTED"
_KEYS = ("x-goog-api-key", "authorization", "x-api-key", "api-key", "x-litellm-api-key", "ocp-apim-subscription-key")


def told(error: Error, request_id: str) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the body of an error."""
    http = 404 if error.code is Code.UNIMPLEMENTED else http_status(error)
    status = error.code.name
    if isinstance(error, HttpError) and error.reason != "METHOD_NOT_SERVED":
        status = _STATUSES.get(http, status)
    return http, errors.body(error, http, _UNSERVED if error.reason == "METHOD_NOT_SERVED" else status, request_id)


def answer(error: Error, call: Call, path: str) -> tuple[int, dict[str, Any]]:
    """The same, where nothing of the answer has been sent. path: which was asked."""
    if isinstance(error, Unauthenticated):
        shown = any(call.header(name) for name in _KEYS)
        return errors.unauthenticated(error, call.request_id, shown=shown, vertex=paths.is_vertex(path))
    return told(error, call.request_id)


def check_served(path: str) -> None:
    """Raise HttpError for what Google's API has and this server does not serve."""
    if words := paths.unserved(path):
        words = f"this server does not serve Google's {words}"
        raise HttpError(404, "METHOD_NOT_SERVED", f"{words}; docs/native.md has what it serves")


def no_path() -> HttpError:
    """The error for a path that Google's API may have or not."""
    return HttpError(404, "PATH_NOT_FOUND", "this server knows no such path of Google's API; see docs/native.md")
