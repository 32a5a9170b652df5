"""Texts of answers, candidates and parts as structs: at once where the shape is the usual one, else leniently."""

import re

import msgspec

from imagewire_server.dialects.gemini import lenient
from imagewire_server.dialects.gemini.answer import Answer, AnswerRest, CandidateRest, Part
from imagewire_server.dialects.gemini.lenient import Fields, Omit

_ODD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_part = msgspec.json.Decoder(Part, strict=False).decode
_candidate = msgspec.json.Decoder(CandidateRest, strict=False).decode
_rest = msgspec.json.Decoder(AnswerRest, strict=False).decode
_whole = msgspec.json.Decoder(Answer, strict=False).decode
_KEY_OF_BLOBS = b'"data"'
# What stands behind a blob's bytes would be known before them, if the document were read as a whole.
_BEHIND = re.compile(rb'"data"\s*:\s*"[^"]*"\s*,|"thought"|\\')


def whole(text: bytes) -> Answer | None:
    """A document that is there at once and of the usual shape; None for any other, a broken one too.

    It is read as it would be piece by piece: where that could differ, it is none.
    """
    if _KEY_OF_BLOBS in text and _BEHIND.search(text):
        return None
    try:
        answer = _whole(text)
    except _ODD:
        return None
    return None if _KEY_OF_BLOBS in text and not _orderly(answer, text.count(_KEY_OF_BLOBS)) else answer


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
        return _part(text), None, {}
    except _ODD:
        return lenient.part(text, omit)


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
