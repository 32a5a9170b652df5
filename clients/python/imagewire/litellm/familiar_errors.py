"""Makes errors also the classes of LiteLLM or OpenAI, where the program has imported one of the two packages.

`except litellm.RateLimitError` needs that package to be imported before. So this one never imports them: whoever does
not use them does not pay for them.
"""

import functools
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple

from imagewire.errors import (
    AnswerTooLarge,
    Cancelled,
    CorruptAnswer,
    DeadlineExceeded,
    ImagewireError,
    InvalidRequest,
    NoPicture,
    NotFound,
    NotSupported,
    PermissionDenied,
    RateLimited,
    ServerError,
    Unauthenticated,
    Unavailable,
)


class _Known(NamedTuple):
    """The HTTP status, and the names in LiteLLM's package and in OpenAI's."""

    status: int
    litellm: str
    openai: str


_CREDENTIALS = _Known(401, "AuthenticationError", "AuthenticationError")
_UNREACHED = _Known(503, "APIConnectionError", "APIConnectionError")
_KNOWN: dict[type[ImagewireError], _Known] = {
    InvalidRequest: _Known(400, "BadRequestError", "BadRequestError"),
    Unauthenticated: _CREDENTIALS,
    PermissionDenied: _Known(403, "PermissionDeniedError", "PermissionDeniedError"),
    NotFound: _Known(404, "NotFoundError", "NotFoundError"),
    RateLimited: _Known(429, "RateLimitError", "RateLimitError"),
    DeadlineExceeded: _Known(504, "Timeout", "APITimeoutError"),
    Unavailable: _Known(503, "ServiceUnavailableError", "InternalServerError"),
    NoPicture: _Known(400, "ContentPolicyViolationError", "BadRequestError"),
    NotSupported: _Known(400, "BadRequestError", "BadRequestError"),
    AnswerTooLarge: _Known(502, "BadGatewayError", "InternalServerError"),
    CorruptAnswer: _Known(502, "BadGatewayError", "InternalServerError"),
    Cancelled: _Known(499, "APIError", "APIError"),
    ServerError: _Known(500, "InternalServerError", "InternalServerError"),
}
_UNKNOWN = _Known(500, "APIError", "APIError")


class familiar:  # noqa: N801  # a context manager, used as a function
    """A context whose errors are also LiteLLM's or OpenAI's. model, provider: those that were named, "" for none.

    They are for LiteLLM's fields. If the server says what it asked for a name of its own, that counts.
    """

    def __init__(self, model: str, provider: object = "") -> None:
        self._model = f"{provider}/{model}" if provider and not str(model).startswith(f"{provider}/") else str(model)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ImagewireError):
            make_familiar(error, self._model)


def make_familiar(error: ImagewireError, model: str) -> None:
    """Give an error the fields that LiteLLM's callers read, and the class that they catch, if it is imported."""
    known = _known(error)
    asked = error._asked or model
    provider, slash, name = asked.partition("/")
    told: dict[str, Any] = {
        "status_code": known.status,
        "model": name if slash else asked,
        "llm_provider": provider if slash else "",
        "type": None,
        "param": error.violations[0].field if error.violations else None,
        "body": None,
        "litellm_debug_info": None,
        "max_retries": None,
        "num_retries": None,
    }
    vars(error).update(told)
    base: Any = _class("litellm.exceptions", known.litellm) or _class("openai", known.openai)
    if base is None or isinstance(error, base):
        return
    try:
        own: Any = type(error)
        error.__class__ = _both(own, base)
    except TypeError:
        return  # a version of theirs whose objects are laid out otherwise
    httpx: Any = sys.modules.get("httpx")
    if httpx is not None:
        request = httpx.Request("POST", "https://imagewire.invalid/")
        headers = {} if error.retry_after is None else {"retry-after": f"{error.retry_after:g}"}
        response = httpx.Response(known.status, headers=headers, request=request)
        vars(error).update({"request": request, "response": response})


def _known(error: ImagewireError) -> _Known:
    if error.reason == "UPSTREAM_CREDENTIALS":
        return _CREDENTIALS
    if isinstance(error, Unavailable) and not error.reason:
        return _UNREACHED
    return next((known for kind, known in _KNOWN.items() if isinstance(error, kind)), _UNKNOWN)


def _class(module: str, name: str) -> type[Exception] | None:
    """A class of a package, None if it is not imported, or has none of that name."""
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None


@functools.cache
def _both(own: type[Any], theirs: type[Any]) -> type[Any]:
    """A class that is both. Its text is our own: theirs would add to it."""

    def reduce(error: Any) -> tuple[Any, ...]:
        names = ("code", "reason", "metadata", "request_id", "retryable", "violations", "retry_after", "_asked")
        provider = f"{error.llm_provider}/" if error.llm_provider else ""
        return _again, (own, error.message, {name: getattr(error, name) for name in names}, provider + error.model)

    return type(
        own.__name__,
        (own, theirs),
        {
            "__doc__": own.__doc__,
            "__module__": own.__module__,
            "__str__": Exception.__str__,
            "__repr__": Exception.__repr__,
            "__reduce__": reduce,
        },
    )


def _again(own: type[ImagewireError], message: str, fields: Mapping[str, Any], model: str) -> ImagewireError:
    """An error in another process, where the other package may not be imported."""
    error = own(message)
    vars(error).update(fields)
    make_familiar(error, model)
    return error
