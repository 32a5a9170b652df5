"""What can go wrong, one tree.

ImagewireError
├── InvalidRequest      a field is wrong; `violations` names each
│   └── AnswerWillNotFit  the picture may not fit one message; nothing was drawn: stream it
├── Unauthenticated     no valid credentials
├── PermissionDenied    valid credentials, not allowed
├── NotFound            what was named is not there
│   └── ModelNotFound   no such model, or no such provider
├── RateLimited         too many calls; `retry_after` seconds, where known
├── AnswerTooLarge      drawn, but too large for one message: stream it
├── DeadlineExceeded    out of time
├── Unavailable         no server, one that is stopped, a connection that broke off, or a provider that is down
├── NotSupported        the server does not have this yet, or this process cannot: no server inside it, or a fork
├── NoPicture           the model answered without a picture
│   └── Blocked         because a filter stopped it
├── Cancelled           the call was given up
├── CorruptAnswer       bytes are missing or wrong; nothing of it is to be trusted
└── ServerError         anything else
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Violation:
    """One wrong field: its path in the request, and what to do about it."""

    field: str
    description: str


class ImagewireError(Exception):
    """A call failed.

    message: what happened and what to do. code: canonical status name ("INVALID_ARGUMENT"). reason: the server's stable
    word, "" when it gave none. metadata: what it says beside the reason. request_id: what the server's log has.
    retryable: False when a repeat may be charged a second time, or does not help. violations: the wrong fields.
    retry_after: seconds until a repeat makes sense, None when unknown.
    """

    default_code: ClassVar[str] = "UNKNOWN"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        request_id: str = "",
        retryable: bool = False,
        violations: Iterable[Violation] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.request_id = request_id
        self.retryable = retryable
        self.violations = tuple(violations)
        self.retry_after = retry_after


class InvalidRequest(ImagewireError):
    """A field is wrong; `violations` names each."""


class AnswerWillNotFit(InvalidRequest):
    """The picture may not fit one message: use stream_completion, or raise the limits. Nothing was drawn."""


class Unauthenticated(ImagewireError):
    """No valid credentials."""


class PermissionDenied(ImagewireError):
    """Valid credentials that may not do this."""


class NotFound(ImagewireError):
    """What was named is not there."""


class ModelNotFound(NotFound):
    """No such model, or no provider that serves it."""


class RateLimited(ImagewireError):
    """Too many calls; `retry_after` seconds until the next makes sense, None when unknown."""


class AnswerTooLarge(ImagewireError):
    """Drawn, but too large for one message: use stream_completion."""


class DeadlineExceeded(ImagewireError):
    """Out of time, here or at the provider."""


class Unavailable(ImagewireError):
    """No server answers, it is being stopped, the connection broke off, or the provider is down."""


class NotSupported(ImagewireError):
    """The server does not have this yet, or this process cannot have it."""


class NoPicture(ImagewireError):
    """The model answered without a picture, where one was to be; the message says why."""

    default_code = "NO_PICTURE"


class Blocked(NoPicture):
    """A filter stopped the prompt or the picture; `reason` is the provider's word."""

    default_code = "BLOCKED"


class Cancelled(ImagewireError):
    """The call was given up."""


class CorruptAnswer(ImagewireError):
    """Bytes are missing or wrong; nothing of the answer is to be trusted."""

    default_code = "DATA_LOSS"


class ServerError(ImagewireError):
    """Anything else."""


def invalid(field: str, description: str) -> InvalidRequest:
    """The refusal of one argument, before anything is sent. description: what is wrong with it, and the remedy."""
    return InvalidRequest(f"{field} {description}", code="INVALID_ARGUMENT", violations=[Violation(field, description)])
