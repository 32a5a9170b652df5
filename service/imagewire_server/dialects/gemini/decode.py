"""Texts of answers, candidates and parts as structs: at once where the shape is the usual one, else leniently."""

import msgspec

from imagewire_server.dialects.gemini import lenient
from imagewire_server.dialects.gemini.answer import Answer, AnswerRest, CandidateRest, Part
from imagewire_server.dialects.gemini.json_texts import Omit
from imagewire_server.dialects.gemini.lenient import Fields

_ODD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_part = msgspec.json.Decoder(Part, strict=False).decode
_candidate = msgspec.json.Decoder(CandidateRest, strict=False).decode
_rest = msgspec.json.Decoder(AnswerRest, strict=False).decode
_whole = msgspec.json.Decoder(Answer, strict=False).decode
_KEY_OF_BLOBS = b'"data"'


def whole(text: bytes) -> Answer | None:
    """A document that is there at once and of the usual shape; None for any other, a broken one too.

    It is read as it would be piece by piece: where that could differ, it is none.
    """
    has_blobs = _KEY_OF_BLOBS in text
    if has_blobs and not _data_is_last(text):
        return None
    try:
        answer = _whole(text)
    except _ODD:
        return None
    parts = [part for candidate in answer.candidates for part in candidate.content.parts]
    if any(part.function_call is not None and not _is_object(part.function_call.args) for part in parts):
        return None
    return None if has_blobs and not _orderly(answer, text.count(_KEY_OF_BLOBS)) else answer


def _data_is_last(text: bytes) -> bool:
    """Whether all that is known of a blob stands in front of its bytes."""
    if b'"thought"' in text or b"\\" in text:
        return False
    at = text.find(_KEY_OF_BLOBS)
    while at >= 0:
        begin = text.find(b'"', at + len(_KEY_OF_BLOBS)) + 1
        end = text.find(b'"', begin)
        if text[end + 1 : end + 2] != b"}":
            return False
        at = text.find(_KEY_OF_BLOBS, end)
    return True


def _orderly(answer: Answer, blobs: int) -> bool:
    """Whether each blob stands alone in its part, once, and in a candidate whose number is its place."""
    for position, candidate in enumerate(answer.candidates):
        with_blobs = [part for part in candidate.content.parts if part.inline_data is not None]
        if with_blobs and (candidate.index not in {None, position} or any(part.text for part in with_blobs)):
            return False
        blobs -= len(with_blobs)
    return blobs == 0


def part(text: bytes, omit: Omit) -> tuple[Part, tuple[str, str] | None, Fields]:
    """A part, content of a kind without a field, and fields beside the content."""
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


def candidate(text: bytes, omit: Omit) -> tuple[CandidateRest, Fields]:
    """What is beside a candidate's parts, and the fields that have none in the struct."""
    try:
        return _candidate(text), {}
    except _ODD:
        return lenient.candidate(text, omit)


def rest(text: bytes, omit: Omit) -> tuple[AnswerRest, Fields]:
    """What is beside an answer's candidates, and the fields that have none in the struct."""
    try:
        return _rest(text), {}
    except _ODD:
        return lenient.rest(text, omit)
