"""Texts of answers, candidates and parts as structs: at once where the shape is the usual one, else leniently."""

import re

import msgspec

from imagewire_server.providers.google.wire import lenient
from imagewire_server.providers.google.wire.json_texts import Omit
from imagewire_server.providers.google.wire.lenient import Fields
from imagewire_server.providers.google.wire.response_types import Answer, AnswerRemainder, CandidateRemainder, Part

_ODD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_part = msgspec.json.Decoder(Part, strict=False).decode
_candidate = msgspec.json.Decoder(CandidateRemainder, strict=False).decode
_remainder = msgspec.json.Decoder(AnswerRemainder, strict=False).decode
_whole = msgspec.json.Decoder(Answer, strict=False).decode
_KEY_OF_BLOBS = b'"data"'
_CLOSED = re.compile(rb"\s*}")


def whole(text: bytes) -> Answer | None:
    """A document that is there at once and of the usual shape; None for any other, a broken one too.

    It is read as it would be piece by piece: where that could differ, it is none.
    """
    try:
        answer = _whole(text)
    except _ODD:
        return None
    keys = left = text.count(_KEY_OF_BLOBS)
    for position, candidate in enumerate(answer.candidates):
        for part in candidate.content.parts:
            if part.function_call is not None and not _is_object(part.function_call.args):
                return None
            if part.inline_data is not None:
                left -= 1
                # What may stand on either side of the bytes, of which only the front is known when they come.
                if part.thought or part.text or candidate.index not in {None, position}:
                    return None
    return answer if not left and (not keys or _data_is_last(text)) else None


def _data_is_last(text: bytes) -> bool:
    """Whether all else that is said of each blob stands in front of its bytes."""
    at = text.find(_KEY_OF_BLOBS)
    while at >= 0:
        begin = text.find(b'"', at + len(_KEY_OF_BLOBS)) + 1
        end = text.find(b'"', begin)
        if not _CLOSED.match(text, end + 1):
            return False
        at = text.find(_KEY_OF_BLOBS, end)
    return True


def part(text: bytes, omit: Omit) -> tuple[Part, tuple[str, str] | None, Fields]:
    """A part, content of a kind without a field, and its other fields."""
    try:
        made = _part(text)
    except _ODD:
        return lenient.part(text, omit)
    if made.function_call is not None and not _is_object(made.function_call.args):
        return lenient.part(text, omit)
    return made, None, {}


def _is_object(args: msgspec.Raw) -> bool:
    """Whether arguments are an object, or none."""
    return bytes(args)[:1] in {b"", b"{"}


def candidate(text: bytes, omit: Omit) -> tuple[CandidateRemainder, Fields]:
    """A candidate without its parts, and the fields that have none in the struct."""
    try:
        return _candidate(text), {}
    except _ODD:
        return lenient.candidate(text, omit)


def answer_remainder(text: bytes, omit: Omit) -> tuple[AnswerRemainder, Fields]:
    """An answer without its candidates, and the fields that have none in the struct."""
    try:
        return _remainder(text), {}
    except _ODD:
        return lenient.answer_remainder(text, omit)
