"""What a caller learns of an answer that cannot be given again."""

from imagewire_server.contract.code import Code
from imagewire_server.contract.errors import Error
from imagewire_server.core.store.records import Kept

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


class CompletionNotFound(Error):
    """The caller has no such answer."""

    code = Code.NOT_FOUND
    reason = "COMPLETION_NOT_FOUND"


class ImageNotFound(Error):
    """The caller has no such picture."""

    code = Code.NOT_FOUND
    reason = "IMAGE_NOT_FOUND"


class StoreUnavailable(Error):
    """The store does not work, and this call needs it. Nothing was sent."""

    code = Code.UNAVAILABLE
    reason = "STORE_UNAVAILABLE"


class KeepOff(Error):
    """This server keeps no answers, and the call asks for it. Nothing was sent."""

    code = Code.FAILED_PRECONDITION
    reason = "KEEP_OFF"


def unknown(kept: Kept) -> OutcomeUnknown:
    """Of an answer whose owner ended."""
    return OutcomeUnknown(
        "the server that drew this answer ended before it was complete, and it may have been charged" + _ANEW,
        metadata={"completion_id": kept.completion_id},
    )


def not_kept(kept: Kept) -> AnswerNotKept:
    """Of an answer whose events are gone."""
    return AnswerNotKept(
        "this answer was drawn and may have been charged, but it is not kept: there was no room for it, it has"
        " expired, or its caller left and had it cancelled" + _ANEW,
        metadata={"completion_id": kept.completion_id},
    )
