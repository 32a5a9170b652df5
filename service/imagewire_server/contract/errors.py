"""The errors that may cross a room's border, one tree. Edges translate them by a table; nothing else reaches a caller.

Error                     code                 reason
├── InvalidRequest        INVALID_ARGUMENT     INVALID_REQUEST        fields are wrong; `violations` names them
│   └── AnswerWillNotFit  INVALID_ARGUMENT     ANSWER_WILL_NOT_FIT    the picture asked for may not fit an inline answer
├── Unauthenticated       UNAUTHENTICATED      KEY_INVALID            the caller showed no valid key
├── NotFound              NOT_FOUND            MODEL_NOT_FOUND        no such model, or no such provider
├── NotBuilt              UNIMPLEMENTED        NOT_BUILT              the contract has it, this server not yet
├── AnswerTooLarge        RESOURCE_EXHAUSTED   ANSWER_TOO_LARGE       drawn, but does not fit an inline answer
├── Withheld              FAILED_PRECONDITION  PICTURE_WITHHELD       no picture came where only one was asked for
├── Overloaded            RESOURCE_EXHAUSTED   OVERLOADED             no place or no resources; nothing was sent
├── RequestTimeout        DEADLINE_EXCEEDED    REQUEST_TIMEOUT        the request took too long to arrive
├── DeadlineExceeded      DEADLINE_EXCEEDED    DEADLINE_EXCEEDED      the caller's own deadline
├── Stalled               ABORTED              CLIENT_STALLED         the caller stopped reading
├── ShuttingDown          ABORTED              SHUTTING_DOWN          the server stopped while the provider was at work
├── Draining              UNAVAILABLE          SHUTTING_DOWN          the server stops; nothing was sent for the call
├── Internal              INTERNAL             INTERNAL               a fault of ours; its text stays in the log
└── UpstreamError
    ├── Refused           by Google's status   UPSTREAM_…             Google answered with an error
    ├── Unreachable       UNAVAILABLE          UPSTREAM_UNREACHABLE   no connection came about
    ├── Cooling           by what came before  UPSTREAM_COOLING       all deployments of the model are cooling down
    ├── TimedOut          DEADLINE_EXCEEDED    UPSTREAM_TIMEOUT       connected, then silence
    ├── Cut               DATA_LOSS            UPSTREAM_CUT           the answer broke off
    ├── Malformed         INTERNAL             UPSTREAM_MALFORMED     the answer is not what Google's API sends
    └── TooLarge          RESOURCE_EXHAUSTED   UPSTREAM_TOO_LARGE     the answer passed the cap
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
    """A failure the caller may see. `str(error)` is safe to show: no key, no prompt, no foreign exception's text.

    code: canonical status. reason: stable UPPER_SNAKE word for ErrorInfo. metadata: ErrorInfo's, strings.
    violations: wrong fields. retry_after: seconds until a repeat makes sense, None when unknown.
    repeatable: nothing was charged and the same call may succeed, so the engine may repeat it before the first byte.
    charged: the provider may bill the call, so no client may repeat it by itself; its code is none that service meshes
    repeat. deployment_fault: the deployment failed, whatever was asked: it counts against its health, and where nothing
    was charged another deployment may be asked.
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
    """The picture that is asked for may be larger than the answer may be. Nothing was sent."""

    reason = "ANSWER_WILL_NOT_FIT"

    def __init__(self, max_inline_bytes: int, description: str) -> None:
        super().__init__([Violation("max_inline_bytes", description)])
        self.metadata = {"use": "StreamCompletion", "max_inline_bytes": str(max_inline_bytes)}


class Unauthenticated(Error):
    """The caller showed no valid key."""

    code = Code.UNAUTHENTICATED
    reason = "KEY_INVALID"


class NotFound(Error):
    """No such model, or no provider that serves it."""

    code = Code.NOT_FOUND
    reason = "MODEL_NOT_FOUND"


class NotBuilt(Error):
    """The contract has it, this server not yet."""

    code = Code.UNIMPLEMENTED
    reason = "NOT_BUILT"


class AnswerTooLarge(Error):
    """The answer's pictures do not fit the inline limit; the metadata says which RPC carries them."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "ANSWER_TOO_LARGE"
    charged = True


class Withheld(Error):
    """A picture was all that was asked for, and none came. The message has the provider's reason."""

    code = Code.FAILED_PRECONDITION
    reason = "PICTURE_WITHHELD"
    charged = True


class Overloaded(Error):
    """This server has no place, or no descriptors, memory or ports, for another call. Nothing was sent."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "OVERLOADED"


class RequestTimeout(Error):
    """The request took too long to arrive. Nothing was sent."""

    code = Code.DEADLINE_EXCEEDED
    reason = "REQUEST_TIMEOUT"

    @classmethod
    def after(cls, seconds: float) -> "RequestTimeout":
        """The limit, in words."""
        return cls(
            f"the request did not arrive within {seconds:g} s (receive_timeout), nor at 32 kB a second; nothing was"
            " sent: send it faster, or a smaller one"
        )


class DeadlineExceeded(Error):
    """The caller's deadline passed while the provider was at work."""

    code = Code.DEADLINE_EXCEEDED
    reason = "DEADLINE_EXCEEDED"
    charged = True

    @classmethod
    def for_free(cls) -> "DeadlineExceeded":
        """The deadline passed before anything was sent, or after what was refused."""
        made = cls("the deadline passed, and nothing was charged: allow more time")
        made.charged = False
        return made


class Stalled(Error):
    """The caller stopped reading its stream."""

    code = Code.ABORTED
    reason = "CLIENT_STALLED"
    charged = True


class ShuttingDown(Error):
    """The server was stopped, and its grace ran out while the provider was at work."""

    code = Code.ABORTED  # not UNAVAILABLE, which service meshes repeat
    reason = "SHUTTING_DOWN"
    charged = True


class Draining(Error):
    """The server is being stopped, and nothing was sent for this call."""

    code = Code.UNAVAILABLE
    reason = "SHUTTING_DOWN"


class Internal(Error):
    """A fault of ours."""

    charged = True


class UpstreamError(Error):
    """The provider failed. Only what is below it is raised."""


# What service meshes and gRPC clients are commonly told to repeat.
_REPEATED = frozenset({Code.UNAVAILABLE, Code.CANCELLED, Code.RESOURCE_EXHAUSTED})


class Refused(UpstreamError):
    """The provider answered with an error; its dialect's table gives code, reason and whether a repeat is free.

    http_status: that of the answer that it was, 200 for an error inside an answer.
    """

    http_status: int = 200

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
        """It may have been charged: nothing about it may look as if a repeat were free."""
        self.charged = True
        self.repeatable = False
        self.retry_after = None
        if self.code in _REPEATED:
            self.code = Code.ABORTED


class Unreachable(UpstreamError):
    """No connection to the provider came about: refused, DNS, TLS or a connect time-out."""

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
    """The provider took the request and then stayed silent too long."""

    code = Code.DEADLINE_EXCEEDED
    reason = "UPSTREAM_TIMEOUT"
    charged = True
    deployment_fault = True


class Cut(UpstreamError):
    """The provider's answer broke off. It is the deployment's fault only where the connection broke."""

    code = Code.DATA_LOSS
    reason = "UPSTREAM_CUT"
    charged = True


class Malformed(UpstreamError):
    """The provider's answer is not what its API sends."""

    code = Code.INTERNAL
    reason = "UPSTREAM_MALFORMED"
    charged = True


class TooLarge(UpstreamError):
    """The provider's answer passed the cap on its size."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "UPSTREAM_TOO_LARGE"
    charged = True
