"""The tree of errors that packages raise to each other. The APIs translate them; no other error reaches a caller.

Error                     code                 reason
├── InvalidRequest        INVALID_ARGUMENT     INVALID_REQUEST        fields are wrong; `violations` names them
│   └── AnswerWillNotFit  INVALID_ARGUMENT     ANSWER_WILL_NOT_FIT    the picture asked for may not fit an inline answer
├── Unauthenticated       UNAUTHENTICATED      KEY_INVALID            the caller sent no valid key
├── PermissionDenied      PERMISSION_DENIED    CALLER_NOT_ALLOWED     the caller is known, and may not do this
├── NotFound              NOT_FOUND            MODEL_NOT_FOUND        no such model, or no such provider
├── AnswerTooLarge        RESOURCE_EXHAUSTED   ANSWER_TOO_LARGE       drawn, but does not fit an inline answer
├── Withheld              FAILED_PRECONDITION  PICTURE_WITHHELD       only a picture was requested, and none came
├── Overloaded            RESOURCE_EXHAUSTED   OVERLOADED             no slot or no resources; nothing was sent
├── RequestTimeout        DEADLINE_EXCEEDED    REQUEST_TIMEOUT        the request took too long to arrive
├── DeadlineExceeded      DEADLINE_EXCEEDED    DEADLINE_EXCEEDED      the caller's own deadline
├── Stalled               ABORTED              CLIENT_STALLED         the caller stopped reading
├── ShuttingDown          ABORTED              SHUTTING_DOWN          the server stopped while the provider was working
├── Draining              UNAVAILABLE          SHUTTING_DOWN          the server stops; nothing was sent for the call
├── Internal              INTERNAL             INTERNAL               a bug of ours; its text stays in the log
└── UpstreamError
    ├── Refused           by Google's status   UPSTREAM_…             Google answered with an error
    ├── Unreachable       UNAVAILABLE          UPSTREAM_UNREACHABLE   no connection could be made
    ├── Cooling           by what came before  UPSTREAM_COOLING       all deployments of the model are cooling down
    ├── TimedOut          DEADLINE_EXCEEDED    UPSTREAM_TIMEOUT       connected, then silence
    ├── Cut               DATA_LOSS            UPSTREAM_CUT           the answer broke off
    ├── Malformed         INTERNAL             UPSTREAM_MALFORMED     the answer is not what Google's API sends
    └── TooLarge          RESOURCE_EXHAUSTED   UPSTREAM_TOO_LARGE     the answer exceeded the limit
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from imagewire_server.contract.code import Code as Code  # noqa: PLC0414  # an error is named with its code

DOMAIN = "imagewire.dev"


@dataclass(frozen=True, slots=True)
class Violation:
    """One wrong field: its path from the request ("spec.messages[0].role") and what to do about it."""

    field: str
    description: str


class Error(Exception):
    """A failure that the caller may see. `str(error)` never contains a key, a prompt or a third-party exception's text.

    code: canonical status. reason: stable UPPER_SNAKE name for ErrorInfo. metadata: ErrorInfo's, strings.
    violations: wrong fields. retry_after: seconds until a retry makes sense, None if unknown.
    repeatable: nothing was charged and the same call may succeed, so the core may retry it before the first byte.
    charged: the provider may bill the call, so clients must not retry it automatically; its code is one that service
    meshes do not retry. deployment_fault: the deployment failed, whatever the request was: it counts against its
    health, and if nothing was charged, another deployment may be used.
    """

    code: Code = Code.INTERNAL
    reason: str = "INTERNAL"
    repeatable: bool = False
    charged: bool = False
    deployment_fault: bool = False

    def __init__(
        self,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        violations: Iterable[Violation] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)
        self.retry_after = retry_after


class InvalidRequest(Error):
    """Fields of the request are wrong. The message counts them and quotes the first."""

    code = Code.INVALID_ARGUMENT
    reason = "INVALID_REQUEST"

    def __init__(self, violations: Iterable[Violation]) -> None:
        found = tuple(violations)
        first = f"{found[0].field or 'the request'}: {found[0].description}"
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        super().__init__(first + more, violations=found)


class AnswerWillNotFit(InvalidRequest):
    """The requested picture may be larger than the limit of the answer. Nothing was sent."""

    reason = "ANSWER_WILL_NOT_FIT"

    def __init__(self, max_inline_bytes: int, description: str) -> None:
        super().__init__([Violation("max_inline_bytes", description)])
        self.metadata = {"use": "StreamCompletion", "max_inline_bytes": str(max_inline_bytes)}


class Unauthenticated(Error):
    """The caller sent no valid key."""

    code = Code.UNAUTHENTICATED
    reason = "KEY_INVALID"


class PermissionDenied(Error):
    """The caller is known, and may not call, or not use this method or model. The message says nothing of who may."""

    code = Code.PERMISSION_DENIED
    reason = "CALLER_NOT_ALLOWED"


class NotFound(Error):
    """No such model, or no provider that serves it."""

    code = Code.NOT_FOUND
    reason = "MODEL_NOT_FOUND"


class AnswerTooLarge(Error):
    """The answer's pictures are larger than the inline limit; the metadata names the RPC that can send them."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "ANSWER_TOO_LARGE"
    charged = True


class Withheld(Error):
    """Only a picture was requested, and none came. The message has the provider's reason."""

    code = Code.FAILED_PRECONDITION
    reason = "PICTURE_WITHHELD"
    charged = True


class Overloaded(Error):
    """This server has no slot, or no descriptors, memory or ports, for another call. Nothing was sent."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "OVERLOADED"


class RequestTimeout(Error):
    """The request took too long to arrive. Nothing was sent."""

    code = Code.DEADLINE_EXCEEDED
    reason = "REQUEST_TIMEOUT"

    @classmethod
    def after(cls, seconds: float) -> "RequestTimeout":
        """seconds: the limit, for the message."""
        return cls(
            f"the request did not arrive within {seconds:g} s (receive_timeout), nor at 32 kB a second; nothing was"
            " sent: send it faster, or a smaller one"
        )


class DeadlineExceeded(Error):
    """The caller's deadline passed while the provider was working."""

    code = Code.DEADLINE_EXCEEDED
    reason = "DEADLINE_EXCEEDED"
    charged = True

    @classmethod
    def for_free(cls) -> "DeadlineExceeded":
        """The deadline passed before anything was sent, or after the provider refused the call."""
        made = cls("the deadline passed, and nothing was charged: allow more time")
        made.charged = False
        return made


class Stalled(Error):
    """The caller stopped reading its stream."""

    code = Code.ABORTED
    reason = "CLIENT_STALLED"
    charged = True


class ShuttingDown(Error):
    """The server was stopped, and drain_grace ended while the provider was working."""

    code = Code.ABORTED  # not UNAVAILABLE, which service meshes retry
    reason = "SHUTTING_DOWN"
    charged = True


class Draining(Error):
    """The server is being stopped, and nothing was sent for this call."""

    code = Code.UNAVAILABLE
    reason = "SHUTTING_DOWN"


class Internal(Error):
    """A bug of ours."""

    charged = True


class UpstreamError(Error):
    """The provider failed. Only subclasses are raised."""


# The codes that service meshes and gRPC clients commonly retry.
_REPEATED = frozenset({Code.UNAVAILABLE, Code.CANCELLED, Code.RESOURCE_EXHAUSTED})


class Refused(UpstreamError):
    """The provider answered with an error. Its table of errors has the code, the reason, and whether a retry is free.

    http_status: that of the answer; 200 for an error during an answer. details: in the provider's own format, what it
    says of the caller's request or quota, for callers that speak that format.
    """

    http_status: int = 200
    details: tuple[Mapping[str, object], ...] = ()

    def __init__(
        self,
        message: str,
        *,
        code: Code,
        reason: str,
        repeatable: bool = False,
        charged: bool = False,
        deployment_fault: bool = False,
        retry_after: float | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, metadata=metadata, retry_after=retry_after)
        self.code = code
        self.reason = reason
        self.repeatable = repeatable
        self.charged = charged
        self.deployment_fault = deployment_fault

    def at_cost(self) -> None:
        """Mark it as possibly charged. Nothing about it may suggest that a retry is free."""
        self.charged = True
        self.repeatable = False
        self.retry_after = None
        if self.code in _REPEATED:
            self.code = Code.ABORTED


class Unreachable(UpstreamError):
    """No connection to the provider could be made: refused, DNS, TLS or a connect timeout."""

    code = Code.UNAVAILABLE
    reason = "UPSTREAM_UNREACHABLE"
    repeatable = True
    deployment_fault = True


class Cooling(UpstreamError):
    """Every deployment of the model is temporarily disabled; nothing was sent. code: that of the failure before."""

    reason = "UPSTREAM_COOLING"

    def __init__(self, message: str, *, code: Code = Code.UNAVAILABLE, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.code = code


class TimedOut(UpstreamError):
    """The provider accepted the request and did not answer in time."""

    code = Code.DEADLINE_EXCEEDED
    reason = "UPSTREAM_TIMEOUT"
    charged = True
    deployment_fault = True


class Cut(UpstreamError):
    """The provider's answer was cut off. It counts against the deployment only if the connection broke."""

    code = Code.DATA_LOSS
    reason = "UPSTREAM_CUT"
    charged = True


class Malformed(UpstreamError):
    """The provider's answer is not what its API sends."""

    code = Code.INTERNAL
    reason = "UPSTREAM_MALFORMED"
    charged = True


class TooLarge(UpstreamError):
    """The provider's answer exceeded the limit of its size."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "UPSTREAM_TOO_LARGE"
    charged = True
