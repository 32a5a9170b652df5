"""The errors of answers and pictures that are kept, or should be.

Error
├── OutcomeUnknown        ABORTED              OUTCOME_UNKNOWN        who drew it ended before it was complete
├── AnswerNotKept         ABORTED              ANSWER_NOT_KEPT        it was drawn, and its events are gone
├── Cancelled             ABORTED              ANSWER_NOT_KEPT        its last reader left, and had it cancelled
├── CompletionNotFound    NOT_FOUND            COMPLETION_NOT_FOUND   the caller has no such answer
├── ImageNotFound         NOT_FOUND            IMAGE_NOT_FOUND        the caller has no such picture
│   └── ImageDamaged      NOT_FOUND            IMAGE_NOT_FOUND        what is kept of it is damaged or gone
├── StoreUnavailable      UNAVAILABLE          STORE_UNAVAILABLE      the store does not work; nothing was sent
├── KeepOff               FAILED_PRECONDITION  KEEP_OFF               this server keeps nothing; nothing was sent
└── InvalidRequest
    └── RequestIdReused   INVALID_ARGUMENT     REQUEST_ID_REUSED      another request has this id
"""

from imagewire_server.contract.code import Code
from imagewire_server.contract.errors import Error, InvalidRequest, Violation

_ANEW = "; to draw again, and pay again, send the request with a new request_id"


class OutcomeUnknown(Error):
    """The process that drew an answer ended before it was complete."""

    code = Code.ABORTED
    reason = "OUTCOME_UNKNOWN"
    charged = True


class AnswerNotKept(Error):
    """An answer was drawn, and its events are gone."""

    code = Code.ABORTED
    reason = "ANSWER_NOT_KEPT"
    charged = True


class Cancelled(Error):
    """The last reader of the answer left, and wanted it cancelled. It is what its request_id gives from then on."""

    code = Code.ABORTED
    reason = "ANSWER_NOT_KEPT"
    charged = True


class CompletionNotFound(Error):
    """The caller has no such answer."""

    code = Code.NOT_FOUND
    reason = "COMPLETION_NOT_FOUND"


class ImageNotFound(Error):
    """The caller has no such picture."""

    code = Code.NOT_FOUND
    reason = "IMAGE_NOT_FOUND"


class ImageDamaged(ImageNotFound):
    """The caller's picture is known, and what is kept of it is damaged or gone."""

    def __init__(self) -> None:
        super().__init__(
            "this picture is no longer kept: its file in the store is damaged or gone; upload it again, or draw it anew"
        )


class StoreUnavailable(Error):
    """The store does not work, and this call needs it. Nothing was sent."""

    code = Code.UNAVAILABLE
    reason = "STORE_UNAVAILABLE"


class RequestIdReused(InvalidRequest):
    """Another request has this id."""

    reason = "REQUEST_ID_REUSED"

    def __init__(self, field: str = "request_id", kind: str = "UUID") -> None:
        words = f"belongs to another request of yours: use a new {kind} for each, and the same one only to repeat it"
        super().__init__([Violation(field, words)])


class KeepOff(Error):
    """This server keeps no answers, and the call asks for it. Nothing was sent."""

    code = Code.FAILED_PRECONDITION
    reason = "KEEP_OFF"


def unknown(completion_id: str) -> OutcomeUnknown:
    """Of an answer whose owner ended."""
    return OutcomeUnknown(
        "the server that drew this answer ended before it was complete, and it may have been charged" + _ANEW,
        metadata={"completion_id": completion_id},
    )


def not_kept(completion_id: str) -> AnswerNotKept:
    """Of an answer whose events are gone."""
    return AnswerNotKept(
        "this answer was drawn and may have been charged, but it is not kept: it was deleted, there was no room"
        " for it, it has expired, or its caller left and had it cancelled" + _ANEW,
        metadata={"completion_id": completion_id},
    )


def unreadable(completion_id: str) -> AnswerNotKept:
    """Of an answer that should be kept."""
    return AnswerNotKept(
        "this answer was drawn and may have been charged, but what is kept of it is damaged or gone" + _ANEW,
        metadata={"completion_id": completion_id},
    )


def damaged(completion_id: str, *, has_request_id: bool) -> AnswerNotKept:
    """Of an answer from the answer cache whose rest cannot be sent. has_request_id: whether the caller sent one."""
    again = "with a new request_id" if has_request_id else "again"
    return AnswerNotKept(
        "this answer came from the answer cache, and what is kept of it is damaged or gone; nothing was charged for it:"
        f" to have it drawn, and pay for it, send the request {again}",
        metadata={"completion_id": completion_id},
    )


def unavailable() -> StoreUnavailable:
    """Of a call that needs the store."""
    return StoreUnavailable(
        "the store of answers does not work now, and this call needs it; nothing was sent to the provider: try again"
        " later; a call that draws may leave out request_id, and its answer is not kept"
    )
