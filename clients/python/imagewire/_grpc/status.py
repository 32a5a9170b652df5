"""Translates gRPC's errors: google.rpc.Status by tables of reasons and codes, gRPC's own failures by their text."""

import contextlib
import re
from typing import NamedTuple

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

from imagewire._grpc import proxies
from imagewire._grpc.target_form import has_port
from imagewire.errors import (
    AnswerTooLarge,
    AnswerWillNotFit,
    Cancelled,
    CorruptAnswer,
    DeadlineExceeded,
    ImagewireError,
    InvalidRequest,
    ModelNotFound,
    NoPicture,
    NotFound,
    NotSupported,
    PermissionDenied,
    RateLimited,
    ServerError,
    Unauthenticated,
    Unavailable,
)
from imagewire.kept_errors import (
    AnswerNotKept,
    CompletionNotFound,
    ImageNotFound,
    KeepOff,
    OutcomeUnknown,
    RequestIdReused,
    StoreUnavailable,
)
from imagewire.v1.error_reason_pb2 import ErrorReason
from imagewire.violation import Violation

_DOMAIN = "imagewire.dev"
# Reasons that the status does not tell: in the middle of an answer it is always ABORTED.
_BY_REASON: dict[int, type[ImagewireError]] = {
    ErrorReason.ERROR_REASON_ANSWER_NOT_KEPT: AnswerNotKept,
    ErrorReason.ERROR_REASON_ANSWER_TOO_LARGE: AnswerTooLarge,
    ErrorReason.ERROR_REASON_ANSWER_WILL_NOT_FIT: AnswerWillNotFit,
    ErrorReason.ERROR_REASON_BUDGET_TOO_SMALL: NotSupported,
    ErrorReason.ERROR_REASON_COMPLETION_NOT_FOUND: CompletionNotFound,
    ErrorReason.ERROR_REASON_IMAGE_NOT_FOUND: ImageNotFound,
    ErrorReason.ERROR_REASON_KEEP_OFF: KeepOff,
    ErrorReason.ERROR_REASON_MODEL_NOT_FOUND: ModelNotFound,
    ErrorReason.ERROR_REASON_OUTCOME_UNKNOWN: OutcomeUnknown,
    ErrorReason.ERROR_REASON_PICTURE_WITHHELD: NoPicture,
    ErrorReason.ERROR_REASON_PRICE_UNKNOWN: NotSupported,
    ErrorReason.ERROR_REASON_REQUEST_ID_REUSED: RequestIdReused,
    ErrorReason.ERROR_REASON_SHUTTING_DOWN: Unavailable,
    ErrorReason.ERROR_REASON_STORE_UNAVAILABLE: StoreUnavailable,
    ErrorReason.ERROR_REASON_UPSTREAM_INTERNAL: Unavailable,
    ErrorReason.ERROR_REASON_UPSTREAM_QUOTA_EXHAUSTED: RateLimited,
    ErrorReason.ERROR_REASON_UPSTREAM_RATE_LIMITED: RateLimited,
    ErrorReason.ERROR_REASON_UPSTREAM_TOO_LARGE: ServerError,
    ErrorReason.ERROR_REASON_UPSTREAM_UNAVAILABLE: Unavailable,
    ErrorReason.ERROR_REASON_UPSTREAM_UNEXPECTED_STATUS: ServerError,
}
# A repeat costs nothing, but would not help within any reasonable wait.
_LASTING = frozenset({ErrorReason.ERROR_REASON_UPSTREAM_QUOTA_EXHAUSTED})
# The same, unless the server says (grpc-retry-pushback-ms) that a short wait helps.
_OFTEN_LASTING = frozenset({ErrorReason.ERROR_REASON_BUDGET_EXHAUSTED})
# The server never uses these for a call that may have been charged.
_FREE = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED})
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
    """A failure that gRPC itself reports, without a reason. It is recognised by its code and a pattern of its text."""

    code: grpc.StatusCode
    words: str
    kind: type[ImagewireError]
    message: str
    # Whether nothing was sent, and a moment later it may be: the server may be starting.
    unsent: bool = False
    # Whether the connection was lost behind the request.
    broke: bool = False
    # What follows the message where the call draws.
    charged: str = ""


_NO_SERVER = (
    "no imagewire server answers at {target}: start one with `imagewire-server serve`, or name another with --target or"
    " IMAGEWIRE_TARGET"
)
_NO_TRUST = (
    "no TLS with {target}: it speaks none, or its certificate is not trusted or for another name; check the address,"
    " and whom tls=Tls(ca=...) trusts"
)
_NO_GRPC = (
    "{target} answers, but not as gRPC does: it may be the port of REST (by default 4000); name that of gRPC (by"
    " default 50051) with --target or IMAGEWIRE_TARGET"
)
_HUNG_UP = (
    "{target} hangs up at once: it may want TLS (https://, or tls=), or a certificate of yours (tls=Tls(cert=...,"
    " key=...))"
)
_BROKE = "the connection to {target} broke off ({words})"
MAY_BE_CHARGED = "what was asked may have been drawn and charged"
NOTHING_CHARGED = "nothing was drawn or charged"
_CHECK_BILL = f": {MAY_BE_CHARGED}: check whether you were billed before repeating"
_NO_CONNECTION = frozenset({_NO_SERVER, _NO_TRUST, _NO_GRPC, _HUNG_UP})
# The first row that matches counts. A call may have been charged unless it surely failed before it reached the server.
_OWN = (
    _Own(grpc.StatusCode.UNAVAILABLE, "handshake", Unavailable, _NO_TRUST),
    _Own(grpc.StatusCode.UNAVAILABLE, "Verification Check failed", Unavailable, _NO_TRUST),
    _Own(grpc.StatusCode.UNAVAILABLE, r"failed to connect.*: Socket closed", Unavailable, _HUNG_UP, unsent=True),
    _Own(grpc.StatusCode.UNAVAILABLE, "Expected SETTINGS frame as the first frame", Unavailable, _NO_GRPC),
    _Own(grpc.StatusCode.UNAVAILABLE, "failed to connect", Unavailable, _NO_SERVER, unsent=True),
    _Own(grpc.StatusCode.UNAVAILABLE, "empty address list", Unavailable, _NO_SERVER, unsent=True),
    _Own(grpc.StatusCode.UNAVAILABLE, "errors resolving", Unavailable, _NO_SERVER, unsent=True),
    _Own(grpc.StatusCode.UNAVAILABLE, "DNS resolution failed", Unavailable, _NO_SERVER, unsent=True),
    _Own(grpc.StatusCode.UNAVAILABLE, "", Unavailable, _BROKE, broke=True, charged=_CHECK_BILL),
    _Own(grpc.StatusCode.INTERNAL, "RST_STREAM", Unavailable, _BROKE, broke=True, charged=_CHECK_BILL),
    _Own(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "",
        DeadlineExceeded,
        "the call's deadline passed: allow more time with timeout or --timeout",
        charged=f"; {MAY_BE_CHARGED}",
    ),
    _Own(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "CLIENT: Received message larger than max",
        AnswerTooLarge,
        "the answer is drawn but larger than this client takes in one message: raise max_message_bytes, or use"
        " stream_completion in place of create_completion",
    ),
    _Own(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "SERVER: Received message larger than max",
        InvalidRequest,
        "the request is larger than {target} takes: send fewer or smaller pictures",
    ),
    _Own(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "CLIENT: Sent message larger than max",
        InvalidRequest,
        "the request is larger than the grpc.max_send_message_length of channel_options: raise that, or send fewer or"
        " smaller pictures",
    ),
    # The server's own metadata have a status.
    _Own(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "received metadata size exceeds (?!.*status:)",
        InvalidRequest,
        "metadata and api_key (IMAGEWIRE_API_KEY) are together larger than {target} takes: send less of them",
    ),
)


def from_grpc(error: grpc.RpcError, target: str, request_id: str = "", *, draws: bool = True) -> ImagewireError:
    """Translate an error. target: the server's address, for messages about gRPC's own failures.

    request_id: the one that the call was sent with. draws: whether the call may have been charged.
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
    known = _reason(info.reason)
    kind = _BY_REASON.get(known) or _BY_CODE.get(code, ServerError)
    own = None if info.reason else _own(code, words)
    if own is not None:
        kind, words = own.kind, own.message.format(target=target, words=words)
        if draws:
            words += own.charged
        if own.message == _NO_SERVER and not has_port(target):
            words += f". It names no port: write {target}:50051, or which the server has"
        if own.message in _NO_CONNECTION:
            words += proxies.advice(target)
    pushback = trailers.get("grpc-retry-pushback-ms")
    # What is no time is gRPC's word for "never".
    wait = None if pushback is None else _milliseconds(pushback)
    never = pushback is not None and wait is None
    waits = [] if wait is None or not info.reason else [wait / 1000]
    if retry.HasField("retry_delay"):
        waits.append(retry.retry_delay.ToTimedelta().total_seconds())
    lasting = known in _LASTING or (known in _OFTEN_LASTING and pushback is None)
    # A status without a reason says nothing about cost.
    free = bool(info.reason) and issubclass(kind, Unavailable | RateLimited) and code in _FREE and not lasting
    made = kind(
        words,
        code=code.name,
        reason=info.reason,
        metadata=info.metadata,
        request_id=request.request_id or request_id,
        retryable=own.unsent or (own.broke and not draws) if own is not None else free and not never,
        violations=(Violation(v.field, v.description) for v in bad.field_violations),
        retry_after=max(0.0, *waits) if waits else None,
    )
    made._asked = str(trailers.get("x-imagewire-model", ""))
    return made


def _milliseconds(pushback: str | bytes) -> int | None:
    """How long the server asks to wait; None for what is no time."""
    text = pushback.decode("ascii", "replace") if isinstance(pushback, bytes) else pushback
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


def is_unsent(error: grpc.RpcError) -> bool:
    """Whether the call found no server: nothing was sent, and a moment later it may be."""
    own = _own(error.code(), error.details() or "")
    return own is not None and own.unsent


def broke_off(error: grpc.RpcError) -> bool:
    """Whether the connection was lost behind the request. A server's own answer has details, and is none of these."""
    trailers: dict[str, str | bytes] = dict(error.trailing_metadata() or ())  # type: ignore[arg-type]
    own = None if "grpc-status-details-bin" in trailers else _own(error.code(), error.details() or "")
    return own is not None and own.broke


def _own(code: grpc.StatusCode, words: str) -> _Own | None:
    return next((row for row in _OWN if row.code is code and re.search(row.words, words)), None)


def _reason(name: str) -> int:
    """The reason's number, UNSPECIFIED for a reason of a newer server."""
    try:
        return ErrorReason.Value(f"ERROR_REASON_{name}")
    except ValueError:
        return ErrorReason.ERROR_REASON_UNSPECIFIED


def _unpack(detail: Any, into: Message) -> None:
    """Unpack a detail of that type. One that cannot be read is skipped: the status itself still counts."""
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
