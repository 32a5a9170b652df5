"""Errors in Google's format: {"error": {code, message, status, details}}."""

from typing import Any

# Each name with its HTTP status and its number in google.rpc.Status.
_STATUS = {
    "INVALID_ARGUMENT": (400, 3),
    "FAILED_PRECONDITION": (400, 9),
    "UNAUTHENTICATED": (401, 16),
    "PERMISSION_DENIED": (403, 7),
    "NOT_FOUND": (404, 5),
    "ALREADY_EXISTS": (409, 6),
    "RESOURCE_EXHAUSTED": (429, 8),
    "CANCELLED": (499, 1),
    "INTERNAL": (500, 13),
    "UNAVAILABLE": (503, 14),
    "DEADLINE_EXCEEDED": (504, 4),
}


class ApiError(Exception):
    """An error of the API. status: a canonical name. details: google.rpc messages as JSON."""

    def __init__(self, status: str, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.http, self.code = _STATUS[status]
        self.status = status
        self.message = message
        self.details = details or []

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        error: dict[str, Any] = {"code": self.http, "message": self.message, "status": self.status}
        if self.details:
            error["details"] = self.details
        return {"error": error}


def detail(kind: str, **fields: Any) -> dict[str, Any]:
    """A google.rpc message as JSON; kind: "RetryInfo", "ErrorInfo", …"""
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **fields}


def invalid(message: str, field: str = "") -> ApiError:
    """400 INVALID_ARGUMENT. field: where the JSON is wrong; rules of the models name none in the details."""
    violation = {"field": field, "description": message}
    details = [detail("BadRequest", fieldViolations=[violation])] if field else []
    return ApiError("INVALID_ARGUMENT", message, details)


def broken(path: str, words: str) -> ApiError:
    """400 for a rule of the message itself, whatever the model."""
    return invalid(f"* GenerateContentRequest.{path}: {words}\n")


def out_of_range(name: str, value: float, span: str) -> ApiError:
    """400 for a number, in Vertex AI's words."""
    return invalid(
        f"Unable to submit request because it has a {name} value of {value} but the supported range is {span}."
        " Update the value and try again."
    )


def unknown_name(name: str, path: str = "", words: str = "Cannot find field.") -> ApiError:
    """400 for a field that is unknown, or that is no list. path: that of its object, "" for the whole body."""
    where = f" at '{path}'" if path else ""
    message = f'Invalid JSON payload received. Unknown name "{name}"{where}: {words}'
    violation = {"field": path, "description": message} if path else {"description": message}
    return ApiError("INVALID_ARGUMENT", message, [detail("BadRequest", fieldViolations=[violation])])
