"""What can go wrong, one tree, made from google.rpc.Status by one table.

ImagewireError
├── InvalidRequest      a field is wrong; `violations` names each
├── Unauthenticated     no valid credentials
├── PermissionDenied    valid credentials, not allowed
├── NotFound            what was named is not there
│   └── ModelNotFound   no such model, or no such provider
├── RateLimited         too many calls; `retry_after` seconds, where known
├── AnswerTooLarge      drawn, but too large for one message: stream it
├── DeadlineExceeded    out of time
├── Unavailable         no server, a connection that broke off, or a provider that is down
├── NotSupported        the server does not have this yet, or this process cannot: no server inside it, or a fork
├── NoPicture           the model answered without a picture
│   └── Blocked         because a filter stopped it
├── Cancelled           the call was given up
├── CorruptAnswer       bytes are missing or wrong; nothing of it is to be trusted
└── ServerError         anything else
"""

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError, Message
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

    message: what happened and what to do. code: canonical status name ("INVALID_ARGUMENT"). reason: the server's stable
    word, "" when it gave none. metadata: what it says beside the reason. request_id: what the server's log has.
    retryable: False when a repeat may be charged a second time. violations: the wrong fields. retry_after: seconds
    until a repeat makes sense, None when unknown.
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
    """No server answers, the connection broke off, or the provider is down."""


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


# A quota that no wait of a client's fills.
_USED_UP = "UPSTREAM_QUOTA_EXHAUSTED"
_BY_REASON: dict[str, type[ImagewireError]] = {
    "ANSWER_TOO_LARGE": AnswerTooLarge,
    "MODEL_NOT_FOUND": ModelNotFound,
    "UPSTREAM_TOO_LARGE": ServerError,
}
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


class _Own(NamedTuple):
    """A failure that gRPC itself reports, so without a reason: it is known by its code and a pattern of its words."""

    code: grpc.StatusCode
    words: str
    kind: type[ImagewireError]
    message: str


_NO_SERVER = (
    "no imagewire server answers at {target}: start one with `imagewire-server serve`, or name another with --target or"
    " IMAGEWIRE_TARGET"
)
_NO_TRUST = (
    "no TLS with {target}: it speaks none, or its certificate is not trusted or for another name; check the address,"
    " and whom tls=Tls(ca=...) trusts"
)
_HUNG_UP = (
    "{target} hangs up at once: it may want TLS (https://, or tls=), or a certificate of yours (tls=Tls(cert=...,"
    " key=...))"
)
# The first row that fits counts. Whatever is not known to have failed on its way to the server may have been charged.
_OWN = (
    _Own(grpc.StatusCode.UNAVAILABLE, "handshake", Unavailable, _NO_TRUST),
    _Own(grpc.StatusCode.UNAVAILABLE, "Verification Check failed", Unavailable, _NO_TRUST),
    _Own(grpc.StatusCode.UNAVAILABLE, r"failed to connect.*: Socket closed", Unavailable, _HUNG_UP),
    _Own(grpc.StatusCode.UNAVAILABLE, "failed to connect", Unavailable, _NO_SERVER),
    _Own(grpc.StatusCode.UNAVAILABLE, "empty address list", Unavailable, _NO_SERVER),
    _Own(grpc.StatusCode.UNAVAILABLE, "errors resolving", Unavailable, _NO_SERVER),
    _Own(grpc.StatusCode.UNAVAILABLE, "DNS resolution failed", Unavailable, _NO_SERVER),
    _Own(
        grpc.StatusCode.UNAVAILABLE,
        "",
        Unavailable,
        "the connection to {target} broke off ({words}): what was asked may have been drawn and charged: check"
        " whether you were billed before repeating",
    ),
    _Own(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "",
        DeadlineExceeded,
        "the call's deadline passed: allow more time with timeout or --timeout; what was asked may have been drawn and"
        " charged",
    ),
    _Own(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "CLIENT: Received message larger than max",
        AnswerTooLarge,
        "the answer is drawn but larger than this client takes in one message: use stream_completion, or raise"
        " max_message_bytes",
    ),
    _Own(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "SERVER: Received message larger than max",
        InvalidRequest,
        "the request is larger than {target} takes: send fewer or smaller pictures",
    ),
)


def from_grpc(error: grpc.RpcError, target: str, request_id: str = "") -> ImagewireError:
    """Our error for gRPC's. target: the server that was asked, for the message when it did not say why it failed.

    request_id: what the call was sent with.
    """
    code: grpc.StatusCode = error.code()
    # The stubs do not know that gRPC's metadata are pairs.
    trailers: dict[str, str | bytes] = dict(error.trailing_metadata() or ())  # type: ignore[arg-type]
    status = _status(trailers.get("grpc-status-details-bin", b""))
    info, bad, retry, request = ErrorInfo(), BadRequest(), RetryInfo(), RequestInfo()
    for detail in status.details:
        for message in (info, bad, retry, request):
            _unpack(detail, message)
    if info.domain != _DOMAIN:
        info.Clear()
    words = status.message or error.details() or code.name
    kind = _BY_REASON.get(info.reason) or _BY_CODE.get(code, ServerError)
    if not info.reason and (
        own := next((row for row in _OWN if row.code is code and re.search(row.words, words)), None)
    ):
        kind, words = own.kind, own.message.format(target=target, words=words)
    return kind(
        words,
        code=code.name,
        reason=info.reason,
        metadata=info.metadata,
        request_id=request.request_id or request_id,
        retryable=_retryable(kind, info.reason, trailers.get("grpc-retry-pushback-ms")),
        violations=(Violation(v.field, v.description) for v in bad.field_violations),
        retry_after=retry.retry_delay.ToTimedelta().total_seconds() if retry.HasField("retry_delay") else None,
    )


def _unpack(detail: Any, into: Message) -> None:
    """Unpack, if it is of that kind. A detail that cannot be read is left out: the status itself still counts."""
    with contextlib.suppress(DecodeError):
        detail.Unpack(into)


def _status(details: bytes | str) -> Status:
    status = Status()
    if isinstance(details, bytes):
        try:
            status.ParseFromString(details)
        except DecodeError:
            return Status()
    return status


def _retryable(kind: type[ImagewireError], reason: str, pushback: str | bytes | None) -> bool:
    """Whether a repeat is free and may help: the server gave a reason and did not push back. A bare UNAVAILABLE tells
    nothing.
    """
    return kind in {Unavailable, RateLimited} and reason not in {"", _USED_UP} and pushback not in {"-1", b"-1"}
