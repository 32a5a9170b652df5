"""`Idempotency-Key`: a request that is sent again is answered by the drawing of the first one, and is paid for once.

A key holds for one path and one caller. It names the drawing, not how its answer is sent: `stream`, for example, may
differ when a request is repeated.
"""

import uuid

from imagewire_server.contract.errors import Draining, Error, InvalidRequest, Violation
from imagewire_server.contract.keep_errors import DrawnOn, KeepOff, RequestIdReused, StoreUnavailable
from imagewire_server.core.call import Headers

NAME = "Idempotency-Key"
_HEADER = NAME.lower().encode()
_NAMESPACE = uuid.UUID("0f3c7b1e-5d0a-4b51-9d6f-6a1f6f1f6a3b")
_LONGEST = 255
# What an answer that is kept, or should be, may end with; the core calls the key request_id.
_OWN = frozenset({"OUTCOME_UNKNOWN", "ANSWER_NOT_KEPT", StoreUnavailable.reason, Draining.reason})


def key_of(headers: Headers) -> str:
    """The request's key, "" where it has none. Raises InvalidRequest for one that cannot be used."""
    values = [value for name, value in headers if name in {_HEADER, _HEADER.decode()}]
    if not values:
        return ""
    key = values[0] if isinstance(values[0], str) else values[0].decode("latin-1")
    if len(values) > 1:
        raise InvalidRequest([Violation(NAME, "is sent twice; send it once")])
    if not 0 < len(key) <= _LONGEST or not (key.isascii() and key.isprintable()):
        words = f"must be 1 to {_LONGEST} printable ASCII characters, for example a UUID"
        raise InvalidRequest([Violation(NAME, words)])
    return key


def request_id(path: str, key: str, number: int = 0) -> str:
    """The request_id for a key. number: of the drawing, where a request asks for several."""
    return str(uuid.uuid5(_NAMESPACE, f"{path}\n{number}\n{key}")) if key else ""


def keep_off() -> KeepOff:
    """This server cannot honour a key."""
    words = "this server keeps no answers, so it cannot repeat one: leave the header out, or set keep to local"
    return KeepOff(f"{NAME}: {words}", violations=[Violation(NAME, words)])


def not_stored() -> InvalidRequest:
    """The request has a key, and an answer that must not be kept."""
    words = "needs an answer that is kept: leave out store: false, or this header"
    return InvalidRequest([Violation(NAME, words)])


def in_callers_words(error: Error) -> Error:
    """The same error, where it speaks of a request_id: of the header; with what REST has for what goes on."""
    if isinstance(error, RequestIdReused):
        return RequestIdReused(NAME, "key")
    if isinstance(error, DrawnOn):
        get = "GET /v1/responses/" + error.completion_id.replace("cmpl-", "resp_", 1)
        again = f"send the request again with the same {NAME}, or {get}"
        error.message = error.told(again if error.has_request_id else get)
    elif error.reason in _OWN and "request_id" in error.message:
        error.message = error.message.replace("request_id", NAME)
    return error
