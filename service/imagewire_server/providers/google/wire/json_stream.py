"""JSON answers that arrive in pieces, taken apart while they do: pictures' bytes, parts, candidates, answers.

A 4K picture is one JSON string of 40 MB. So the bytes pass a lexer that knows where it is in the document. The strings
that are the data of a part's inlineData are decoded as they come. Each part, candidate and answer is emitted with its
own text as soon as it ends, and is not held any longer. In that text, data is empty, and 0 stands for each part and
candidate that was emitted before. The lexer looks at brackets, quotes and keys only; whether a text is JSON is for its
reader to find out. So what is broken outside a picture does not touch the picture.

A document may be an answer, an array of answers, or several of either one after another. The work is linear in the
bytes, whatever they are.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from imagewire_server.contract.errors import Cut, Malformed, TooLarge
from imagewire_server.providers.google.wire.base64_stream import Base64Stream

MAX_TEXT = 32 * 1024 * 1024
MAX_DEPTH = 10_000

_TOKEN = re.compile(rb'[{}\[\],"]')
_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
# Whole strings and what is between them, up to the next bracket or a string that is not whole.
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_BETWEEN = rb'[^{}\[\]"]*+(?:' + _TEXT + rb'[^{}\[\]"]*+)*+'
_FLAT = re.compile(_BETWEEN, re.DOTALL)
# Whole containers of up to three levels.
_LEVEL = rb"[{\[]" + _BETWEEN + rb"[}\]]"
for _ in range(2):
    _LEVEL = rb"[{\[]" + _BETWEEN + rb"(?:" + _LEVEL + _BETWEEN + rb")*+[}\]]"
_CONTAINER = re.compile(_LEVEL, re.DOTALL)
# Members of an object: whole ones that are no containers, each with the comma behind it; then the key of one that is.
# Not data, in any spelling.
_MEMBERS = re.compile(
    rb'(?:\s*+(?!"data"|"[^"\\]*+\\)' + _TEXT + rb"\s*+:\s*+(?:" + _TEXT + rb"|[\w.+-]++)\s*+,)*+"
    rb'(?:\s*+"(\w{1,64})"\s*+:\s*+(?=[{\[]))?',
    re.DOTALL,
)
_LONGEST_KEY = 64
_LONGEST_OUTSIDE = 64
_OPEN_OBJECT, _OPEN_ARRAY, _CLOSE_OBJECT, _CLOSE_ARRAY, _COMMA, _QUOTE, _BACKSLASH = b'{[}],"\\'

# What an open container is. An object is even, an array odd.
_OTHER, _OTHERS, _ANSWER, _ANSWERS, _CANDIDATE, _CANDIDATES, _CONTENT, _CONTENTS, _PART, _PARTS, _BLOB = range(11)
# (what it is in, the key or b"" in an array) → what an object, and what an array is there.
_INSIDE: dict[tuple[int, bytes], tuple[int, int]] = {
    (_ANSWERS, b""): (_ANSWER, _ANSWERS),
    (_ANSWER, b"candidates"): (_CANDIDATE, _CANDIDATES),
    (_CANDIDATES, b""): (_CANDIDATE, _CANDIDATES),
    (_CANDIDATE, b"content"): (_CONTENT, _CONTENTS),
    (_CONTENTS, b""): (_CONTENT, _CONTENTS),
    (_CONTENT, b"parts"): (_PART, _PARTS),
    (_PARTS, b""): (_PART, _PARTS),
    (_PART, b"inlineData"): (_BLOB, _OTHERS),
    (_PART, b"inline_data"): (_BLOB, _OTHERS),
}
_EMITTED = frozenset({_ANSWER, _CANDIDATE, _PART})


@dataclass(frozen=True, slots=True)
class BlobStarted:
    """The data of an inlineData begins. part: its text up to here, closed. candidate: likewise, for its first blob."""

    candidate: bytes | None
    part: bytes


@dataclass(frozen=True, slots=True)
class BlobEnded:
    """Its string has ended. damage: why the bytes are none, where they are none; no more of them was emitted."""

    damage: Malformed | None = None


@dataclass(frozen=True, slots=True)
class PartEnded:
    """A part is whole."""

    text: bytes


@dataclass(frozen=True, slots=True)
class CandidateEnded:
    """A candidate is whole: its other fields."""

    text: bytes


@dataclass(frozen=True, slots=True)
class AnswerEnded:
    """An answer is whole: its other fields."""

    text: bytes


Found = BlobStarted | bytes | BlobEnded | PartEnded | CandidateEnded | AnswerEnded


class JsonStream:
    """Feed a document in any pieces. outside: the first bytes outside its answers."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._stack: list[int] = []
        self._starts: list[int] = []  # where in the text the containers that will be emitted begin
        self._key = b""
        self._at_key = False  # whether the next string is a key
        self._done = 0  # up to where the present piece is in the text
        self._string_at: int | None = None  # where in the text the open string begins
        self._escaped = False  # whether the next byte of the open string is escaped
        self._blob: Base64Stream | None = None
        self._damage: Malformed | None = None  # of the open blob
        self._first_blob = True  # whether the next blob is its candidate's first
        self.outside = bytearray()

    def feed(self, piece: bytes) -> Iterator[Found]:
        """What this piece completes. Raises TooLarge, and Malformed for endless nesting."""
        at = self._done = 0
        while at < len(piece):
            if self._blob is not None:
                end = piece.find(b'"', at)
                if data := self._decode(self._blob, piece[at : end if end >= 0 else len(piece)], ended=end >= 0):
                    yield data
                if end < 0:
                    return
                yield BlobEnded(self._damage)
                self._blob = self._damage = None
                at = self._done = end  # the closing quote ends an empty string in the text
                self._string_at = len(self._text) - 1
            if self._string_at is not None:
                at = self._read_string(piece, at)
                continue
            match = _TOKEN.search(piece, self._passed_over(piece, at))
            if match is None:
                break
            at = match.end()
            if (found := self._read_token(piece, at)) is not None:
                yield found
        self._take(piece, len(piece))
        if not self._stack:
            self._note_outside(bytes(self._text))
            self._text.clear()
        if len(self._text) > MAX_TEXT:
            raise TooLarge(f"the provider sent more than {MAX_TEXT} bytes besides its pictures")

    def close(self) -> None:
        """The document's end. Raises Cut when something is open."""
        if self._blob is not None:
            raise Cut("the provider's answer broke off inside a picture; it may have been charged")
        if self._stack:
            raise Cut("the provider's answer broke off in the middle; it may have been charged")

    def _decode(self, blob: Base64Stream, text: bytes, *, ended: bool) -> bytes:
        if self._damage is not None:
            return b""
        try:
            data = blob.feed(text)
            return data + blob.close() if ended else data
        except Malformed as error:
            self._damage = error
            return b""

    def _passed_over(self, piece: bytes, at: int) -> int:
        """Where to go on after what needs no look, if there is any: most of what is outside the pictures."""
        inside = self._stack[-1] if self._stack else _ANSWERS
        match = None
        if self._at_key and inside != _OTHER:
            match = _MEMBERS.match(piece, at)
            if match and match[1]:
                self._at_key, self._key = False, match[1]
                if (inside, self._key) not in _INSIDE:
                    match = _CONTAINER.match(piece, match.end()) or match
        elif inside in {_OTHER, _OTHERS}:
            match = _FLAT.match(piece, at)
        return match.end() if match else at

    def _take(self, piece: bytes, end: int) -> None:
        """Put the piece into the text, up to `end`."""
        if end > self._done:
            self._text += piece[self._done : end]
            self._done = end

    def _note_outside(self, text: bytes) -> None:
        self.outside += text.strip(b" \t\r\n,[]")[: _LONGEST_OUTSIDE - len(self.outside)]

    def _read_token(self, piece: bytes, at: int) -> Found | None:
        """Take the bracket, comma or quote in front of `at`; return what it completes."""
        token = piece[at - 1]
        if not self._stack:
            # Between answers. What a string there holds is no bracket.
            opens = token in b"{["
            self._note_outside(piece[self._done : at - opens])
            self._done = at - opens
            if token == _QUOTE:
                self._string_at = 0
            if not opens:
                return None
        if token == _QUOTE:
            if not self._at_key and self._key == b"data" and self._stack[-1] == _BLOB:
                self._take(piece, at)
                return self._begin_blob()
            self._string_at = len(self._text) + at - 1 - self._done
        elif token == _COMMA:
            self._at_key = not self._stack[-1] & 1
        elif token in b"{[":
            self._open(token, len(self._text) + at - 1 - self._done)
        else:
            kind = self._stack.pop()
            self._at_key = False
            if kind in _EMITTED:
                self._take(piece, at)
                return self._emit(kind)
        return None

    def _read_string(self, piece: bytes, at: int) -> int:
        """Read on in the open string; return where to go on."""
        if self._escaped:
            self._escaped = False
            at += 1
        match = _STRING.match(piece, at)
        end = match.end() if match else at
        if end >= len(piece):
            return end
        if piece[end] == _BACKSLASH:  # the piece's last byte
            self._escaped = True
            return end + 1
        if self._at_key:
            self._take(piece, end + 1)
            self._end_key()
        self._string_at = None
        return end + 1

    def _end_key(self) -> None:
        self._at_key = False
        key = bytes(memoryview(self._text)[(self._string_at or 0) + 1 : -1])
        if len(key) > _LONGEST_KEY:
            key = b""
        elif b"\\" in key:
            try:
                key = json.loads(b'"' + key + b'"').encode("utf-8", "replace")
            except ValueError:
                key = b""
        self._key = key

    def _open(self, token: int, start: int) -> None:
        inside = self._stack[-1] if self._stack else _ANSWERS
        key = b"" if inside & 1 else self._key
        kinds = _INSIDE.get((inside, key), (_OTHER, _OTHERS))
        kind = kinds[token == _OPEN_ARRAY]
        if kind in _EMITTED:
            self._starts.append(start)
            self._first_blob = self._first_blob or kind == _CANDIDATE
        self._stack.append(kind)
        if len(self._stack) > MAX_DEPTH:
            raise Malformed("the provider's answer is nested without end; it may have been charged")
        self._at_key = token == _OPEN_OBJECT
        self._key = b""

    def _emit(self, kind: int) -> Found:
        """Return what has ended; 0 stands for it from now on."""
        start = self._starts.pop()
        text = bytes(memoryview(self._text)[start:])
        del self._text[start:]
        if kind == _ANSWER:
            return AnswerEnded(text)
        self._text += b"0"
        return PartEnded(text) if kind == _PART else CandidateEnded(text)

    def _begin_blob(self) -> BlobStarted:
        self._blob = Base64Stream()
        part, candidate = self._starts[-1], self._starts[-2]
        before = None
        if self._first_blob:
            self._first_blob = False
            open_inside = self._stack[self._stack.index(_CANDIDATE) : -2]
            closers = b"".join(b"]" if kind & 1 else b"}" for kind in reversed(open_inside))
            before = bytes(memoryview(self._text)[candidate:part]) + b"0" + closers
        return BlobStarted(before, bytes(memoryview(self._text)[part:]) + b'"}}')
