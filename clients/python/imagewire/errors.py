"""All errors of the client, as one tree.

ImagewireError
├── InvalidRequest      a field is wrong; `violations` names each. A ValueError, too
│   ├── AnswerWillNotFit  the picture may not fit one message; nothing was drawn: stream it
│   └── RequestIdReused  another request has this request_id
├── Unauthenticated     no valid credentials
├── PermissionDenied    valid credentials, not allowed
├── NotFound            what was named is not there
│   ├── ModelNotFound   no such model, or no such provider
│   ├── CompletionNotFound  no such answer is kept for this caller
│   └── ImageNotFound   no such picture is kept for this caller
├── RateLimited         too many calls; `retry_after` seconds, where known
├── AnswerTooLarge      drawn, but too large for one message: stream it
├── DeadlineExceeded    out of time
├── Unavailable         no server, one that is stopped, a connection that broke off, or a provider that is down
│   └── StoreUnavailable  the store of answers does not work
├── NotSupported        the server does not have this, or this process cannot: no server inside it, or a fork
│   └── KeepOff         the server keeps no answers
├── NoPicture           the model answered without a picture
│   └── Blocked         because a filter stopped it
├── Cancelled           the call was given up
├── CorruptAnswer       bytes are missing or wrong; nothing of it is to be trusted
├── ServerError         another failure of the server or the provider
├── OutcomeUnknown      the server that drew it ended before the end; it may have been charged
└── AnswerNotKept       it was drawn, and may have been charged, but could not be kept
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from imagewire.violation import Violation


class ImagewireError(Exception):
    """A call failed. All errors of this package's calls are of this class.

    Args:
        message: What happened, and what to do.
        code: gRPC's name of the status, such as "INVALID_ARGUMENT".
        reason: The server's stable word, such as "MODEL_NOT_FOUND"; "" when it gave none.
        metadata: What the server says beside the reason.
        request_id: The id of the call in the server's log.
        retryable: Whether the call may be repeated without being charged twice.
        violations: The wrong fields.
        retry_after: Seconds until a repeat makes sense; None when unknown.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.ImagewireError as error:
        ...         print(error.message, error.code, error.request_id)
    """

    default_code: ClassVar[str] = "UNKNOWN"
    _asked: str = ""  # the model that the server asked, with its provider

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


class InvalidRequest(ImagewireError, ValueError):
    """A field is wrong; `violations` names each. Nothing was drawn. It is a ValueError, too.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.InvalidRequest as error:
        ...         wrong = [violation.field for violation in error.violations]
    """


class AnswerWillNotFit(InvalidRequest):
    """The picture may not fit into one message. Nothing was drawn: use `stream_completion`, or raise the limits.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         answer = client.create_completion(prompt="A banana")
        ...     except imagewire.AnswerWillNotFit:
        ...         answer = imagewire.collect(client.stream_completion(prompt="A banana"))
    """


class Unauthenticated(ImagewireError):
    """The server's key is missing or wrong.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.Unauthenticated as error:
        ...         print("set IMAGEWIRE_API_KEY:", error.message)
    """


class PermissionDenied(ImagewireError):
    """The key is right, but may not do this; or the provider refused the server's credentials.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.PermissionDenied as error:
        ...         print(error.message)
    """


class NotFound(ImagewireError):
    """What was named does not exist, or nothing is known of it.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.NotFound as error:
        ...         print(error.message)
    """


class ModelNotFound(NotFound):
    """No such model, or no provider that serves it. `Client.list_models` has those that are there.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.ModelNotFound as error:
        ...         names = [model.name for model in client.list_models()]
    """


class RateLimited(ImagewireError):
    """Too many calls. `retry_after`: seconds until the next makes sense; None when unknown.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.RateLimited as error:
        ...         wait = error.retry_after or 30
    """


class AnswerTooLarge(ImagewireError):
    """The answer was drawn, but is too large for one message. Use `stream_completion`, which has no such limit.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         answer = client.create_completion(prompt="A banana")
        ...     except imagewire.AnswerTooLarge as error:
        ...         print(error.message)
    """


class DeadlineExceeded(ImagewireError):
    """The call took too long, here or at the provider. The picture may have been drawn and charged.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.DeadlineExceeded as error:
        ...         print(error.message)
    """


class Unavailable(ImagewireError):
    """No server answers, the server is stopping, the connection broke off, or the provider is down.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.Unavailable as error:
        ...         print("may be repeated" if error.retryable else "check whether you were billed before repeating")
    """


class NotSupported(ImagewireError):
    """The server does not have this, or this process cannot do it.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.NotSupported as error:
        ...         print(error.message)
    """


class NoPicture(ImagewireError):
    """The model answered without a picture. The message says why, and what to do.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.NoPicture as error:
        ...         print(error.message)
    """

    default_code = "NO_PICTURE"


class Blocked(NoPicture):
    """A filter stopped the prompt or the picture. `reason`: the provider's word for it.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.Blocked as error:
        ...         print(error.reason)
    """

    default_code = "BLOCKED"


class Cancelled(ImagewireError):
    """The call was cancelled, or the client is closed.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.Cancelled as error:
        ...         print(error.message)
    """


class CorruptAnswer(ImagewireError):
    """Bytes of the answer are missing or wrong. Do not use any of it.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.CorruptAnswer as error:
        ...         print(error.message)
    """

    default_code = "DATA_LOSS"


class ServerError(ImagewireError):
    """Another failure, of the server or the provider.

    Examples:
        >>> with imagewire.Client() as client:
        ...     try:
        ...         picture = client.draw("A banana")
        ...     except imagewire.ServerError as error:
        ...         print(error.request_id)
    """


def invalid(field: str, description: str) -> InvalidRequest:
    """An InvalidRequest for one argument, before anything is sent. description: what is wrong, and the remedy."""
    return InvalidRequest(f"{field} {description}", code="INVALID_ARGUMENT", violations=[Violation(field, description)])
