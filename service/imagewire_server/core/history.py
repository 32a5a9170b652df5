"""A chat that goes on by the id of an answer: what was said before is put in front of what is new."""

from imagewire_server.contract import pb
from imagewire_server.contract.errors import AnswerTooLarge, Error, InvalidRequest, Violation
from imagewire_server.contract.keep_errors import AnswerNotKept, CompletionNotFound, KeepOff
from imagewire_server.core.fold import fold
from imagewire_server.core.store.store import Store

_FIELD = "spec.previous_completion_id"
_SYSTEM = pb.Role.ROLE_SYSTEM
_MOST_TURNS = 2048
_MOST_MESSAGES = 4096


async def expand(spec: pb.Spec, store: Store | None, caller: str, max_bytes: int, *, until: float = 0.0) -> pb.Spec:
    """The spec with the messages of the earlier chat; the same one where it names none.

    max_bytes: of the earlier chat. until: as long as this answer, all of it is kept, so that a chat goes on from its
    last turn, whatever the age of the first; 0 where it is not kept. Raises CompletionNotFound, KeepOff, StoreDown, and
    InvalidRequest for an answer that no chat can go on from.
    """
    if not spec.previous_completion_id:
        return spec
    if store is None:
        raise KeepOff(f"{_FIELD}: this server keeps no answers: send the whole chat in messages")
    turns: list[tuple[pb.Spec, pb.ChatMessage]] = []
    ident, left = spec.previous_completion_id, max_bytes
    idents: list[str] = []
    while ident and len(turns) < _MOST_TURNS:
        try:
            asked, answer = await _turn(ident, store, caller, left, later=idents[-1] if idents else "")
        except AnswerTooLarge as error:
            raise _too_large(max_bytes) from error
        left -= asked.ByteSize() + answer.ByteSize()
        if left < 0:
            raise _too_large(max_bytes)
        turns.append((asked, answer))
        idents.append(ident)
        ident = asked.previous_completion_id
    if until:
        await store.prolong(until, completion_ids=idents)
    return _joined(spec, turns)


def _joined(spec: pb.Spec, turns: list[tuple[pb.Spec, pb.ChatMessage]]) -> pb.Spec:
    made = pb.Spec()
    has_system = any(message.role == _SYSTEM for message in spec.messages)
    for asked, answer in reversed(turns):
        made.messages.extend(message for message in asked.messages if message.role != _SYSTEM or not has_system)
        made.messages.append(answer)
    if len(made.messages) + len(spec.messages) > _MOST_MESSAGES:
        raise InvalidRequest([Violation(_FIELD, f"the whole chat has more than {_MOST_MESSAGES} messages; begin anew")])
    made.MergeFrom(spec)
    made.ClearField("previous_completion_id")
    return made


async def _turn(ident: str, store: Store, caller: str, max_bytes: int, *, later: str) -> tuple[pb.Spec, pb.ChatMessage]:
    """What was asked, and the answer. later: the answer that went on from it, "" for the newest."""
    kept = await store.find(caller, completion_id=ident)
    asked = await store.request(kept) if kept is not None else None
    if kept is None or asked is None:
        if later:
            raise _lost(ident)
        raise CompletionNotFound(
            f"{_FIELD}: you have no answer {ident[:128]!r}, or it has expired: send the whole chat"
        )
    try:
        answer = await fold(store.read(kept, 0, 0), max_inline_bytes=max_bytes)
    except AnswerTooLarge:
        raise
    except AnswerNotKept as error:
        raise _lost(ident) from error
    except Error as error:
        words = f"that answer ended with an error ({error.reason}); go on from the one before it"
        raise InvalidRequest([Violation(_FIELD, words)]) from error
    if not answer.candidates:
        words = "that answer is empty, because its prompt was blocked; go on from the one before it"
        raise InvalidRequest([Violation(_FIELD, words)])
    return asked, answer.candidates[0].message


def _lost(ident: str) -> CompletionNotFound:
    """An earlier answer of the chat is gone, or damaged."""
    return CompletionNotFound(
        f"{_FIELD}: the chat goes on from {ident!r}, which was deleted, removed to make room, or damaged in the store:"
        " send the whole chat in messages",
        metadata={"completion_id": ident},
    )


def _too_large(max_bytes: int) -> InvalidRequest:
    words = f"the earlier chat has more than {max_bytes} bytes: send the messages that matter"
    return InvalidRequest([Violation(_FIELD, words)])
