"""What can go wrong, one tree, made from google.rpc.Status by one table.

ImagewireError
├── InvalidRequest      a field is wrong; `violations` names each
├── Unauthenticated     no valid credentials
├── PermissionDenied    valid credentials, not allowed
├── NotFound            no such model
├── RateLimited         too many calls; `retry_after` seconds, where known
├── AnswerTooLarge      drawn, but too large for one message: stream it
├── DeadlineExceeded    out of time
├── Unavailable         no server, or its provider is down
├── NotSupported        the server does not have this yet
├── Cancelled           the call was given up
├── CorruptAnswer       bytes are missing or wrong; nothing of it is to be trusted
└── ServerError         anything else
"""

from collections.abc import Iterable
from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

_DOMAIN = "imagewire.dev"


@dataclass(frozen=True, slots=True)
class Violation:
    """One wrong field: its path in the request, and what to do about it."""

    field: str
    description: str


class ImagewireError(Exception):
    """A call failed.

    code: canonical status name ("INVALID_ARGUMENT"). reason: the server's stable word, "" when it gave none.
    request_id: what the server's log has. retryable: False when a repeat may be charged a second time.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "UNKNOWN",
        reason: str = "",
        request_id: str = "",
        retryable: bool = False,
        violations: Iterable[Violation] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.request_id = request_id
        self.retryable = retryable
        self.violations = tuple(violations)
        self.retry_after = retry_after


class InvalidRequest(ImagewireError):
    """A field is wrong; `violations` names each."""


class Unauthenticated(ImagewireError):
    """No valid credentials."""


class PermissionDenied(ImagewireError):
    """Valid credentials that may not do this."""


class NotFound(ImagewireError):
    """No such model."""


class RateLimited(ImagewireError):
    """Too many calls; `retry_after` seconds until the next makes sense, None when unknown."""


class AnswerTooLarge(ImagewireError):
    """Drawn, but too large for one message: use stream_completion."""


class DeadlineExceeded(ImagewireError):
    """Out of time, here or at the provider."""


class Unavailable(ImagewireError):
    """No server answers, or its provider is down."""


class NotSupported(ImagewireError):
    """The server does not have this yet."""


class Cancelled(ImagewireError):
    """The call was given up."""


class CorruptAnswer(ImagewireError):
    """Bytes are missing or wrong; nothing of the answer is to be trusted."""

    def __init__(self, message: str, *, code: str = "DATA_LOSS", **rest: object) -> None:
        super().__init__(message, code=code, **rest)  # type: ignore[arg-type]


class ServerError(ImagewireError):
    """Anything else."""


_BY_REASON: dict[str, type[ImagewireError]] = {"ANSWER_TOO_LARGE": AnswerTooLarge, "UPSTREAM_TOO_LARGE": ServerError}
_BY_CODE: dict[grpc.StatusCode, type[ImagewireError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.RESOURCE_EXHAUSTED: RateLimited,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.UNIMPLEMENTED: NotSupported,
    grpc.StatusCode.CANCELLED: Cancelled,
    grpc.StatusCode.DATA_LOSS: CorruptAnswer,
}


def from_grpc(error: grpc.RpcError, target: str) -> ImagewireError:
    """Our error for gRPC's. target: the server that was asked, for the message when none answers."""
    code: grpc.StatusCode = error.code()
    # The stubs do not know that gRPC's metadata are pairs.
    trailers: dict[str, str | bytes] = dict(error.trailing_metadata() or ())  # type: ignore[arg-type]
    status = _status(trailers.get("grpc-status-details-bin", b""))
    info, bad, retry, request = ErrorInfo(), BadRequest(), RetryInfo(), RequestInfo()
    for detail in status.details:
        for message in (info, bad, retry, request):
            detail.Unpack(message)
    reason = info.reason if info.domain == _DOMAIN else ""
    words = status.message or error.details() or code.name
    if code is grpc.StatusCode.UNAVAILABLE and not reason:
        words = (
            f"no imagewire server answers at {target}: start one with `imagewire-server serve`,"
            " or name another with --target or IMAGEWIRE_TARGET"
        )
    delay = retry.retry_delay.ToTimedelta().total_seconds() if retry.HasField("retry_delay") else None
    kind = _BY_REASON.get(reason) or _BY_CODE.get(code, ServerError)
    return kind(
        words,
        code=code.name,
        reason=reason,
        request_id=request.request_id,
        retryable=_retryable(code, reason, trailers.get("grpc-retry-pushback-ms")),
        violations=(Violation(v.field, v.description) for v in bad.field_violations),
        retry_after=delay,
    )


def _status(details: bytes | str) -> Status:
    status = Status()
    if isinstance(details, bytes):
        try:
            status.ParseFromString(details)
        except DecodeError:
            return Status()
    return status


def _retryable(code: grpc.StatusCode, reason: str, pushback: str | bytes | None) -> bool:
    """Whether a repeat is free: the server gave a reason and did not push back. A bare UNAVAILABLE tells nothing."""
    transient = code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
    return transient and bool(reason) and pushback not in {"-1", b"-1"}
