"""One JSON document that arrives in pieces. Picture strings are cut out and decoded while they arrive.

What is left, the skeleton, is small and goes through an ordinary JSON parser: once for the whole document, and once for
what stands before each picture, so that its text is out before its bytes. The cut is found by the bytes `"data":"`,
which inside a JSON string cannot occur with an unescaped first quote. Whether that key really is the data of an
inlineData of a part, and which one, is guessed by a parse, and told by a small lexer once a guess was wrong. What they
miss is still decoded whole, by the reader.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from imagewire_server.contract.errors import Cut, Malformed, TooLarge, UpstreamError
from imagewire_server.dialects.gemini.answer import Answer
from imagewire_server.dialects.gemini.base64_stream import Base64Stream

MAX_SKELETON = 32 * 1024 * 1024
MAX_PICTURES = 256

_KEY_OF_PICTURES = b'"data"'
_DATA = re.compile(rb'(?<!\\)"data"\s*:\s*"')
_DATA_BEGUN = re.compile(rb'"data"\s*(?::\s*)?')
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|([{\[])|([}\]])|(,)|(")', re.DOTALL)
# Where a picture usually stands: in an inlineData of a part of a content of a candidate, the mark in its place.
_MARK = "!"
_USUAL_END = b'!"}}]}}]}'
_KEY, _OPEN, _CLOSE, _COMMA, _OPEN_STRING = range(1, 6)
_decode = msgspec.json.Decoder(Answer | list[Answer], strict=False).decode


@dataclass(frozen=True, slots=True)
class PictureStarted:
    """A picture's string begins. before: the document as it stands in front of it. candidate, part: its place."""

    before: Answer
    candidate: int
    part: int


@dataclass(frozen=True, slots=True)
class PictureEnded:
    """Its string has ended."""


Found = PictureStarted | PictureEnded | bytes


class Document:
    """Feed a document's bytes in any pieces; get its pictures' starts, bytes and ends; `close` gives the rest of it."""

    def __init__(self) -> None:
        self._skeleton = bytearray()
        self._searched = 0
        self._lexed = 0
        # For each open object its last key, for each open array its index; and what closes them, the innermost last.
        self._path: list[bytes | int] = []
        self._closers = bytearray()
        self._picture: Base64Stream | None = None
        self._pictures = 0

    @property
    def begun(self) -> bool:
        """Whether anything has been fed."""
        return bool(self._skeleton)

    def feed(self, piece: bytes) -> Iterator[Found]:
        """What this piece completes. Raises Malformed and TooLarge."""
        while piece:
            if self._picture is None:
                found = self._search(piece)
                if found is None:
                    return
                started, piece = found
                yield started
                continue
            end = piece.find(b'"')
            data = self._picture.feed(piece if end < 0 else piece[:end])
            if data:
                yield data
            if end < 0:
                return
            self._picture.close()
            self._picture = None
            piece = piece[end:]
            yield PictureEnded()

    @staticmethod
    def whole(text: bytes) -> list[Answer] | None:
        """What a document says that is there at once and has no picture; None for any other, a broken one too."""
        if _KEY_OF_PICTURES in text:
            return None
        try:
            return Document._parse(text)
        except UpstreamError:
            return None

    def close(self) -> list[Answer]:
        """The document's end: what it says, pictures left out. Raises Cut when it is not whole, else Malformed."""
        if self._picture is not None:
            raise Cut("the provider's answer broke off inside a picture; it may have been charged")
        return self._parse(bytes(self._skeleton))

    def _search(self, piece: bytes) -> tuple[PictureStarted, bytes] | None:
        """Add to the skeleton up to the next picture; return its start and what follows it."""
        skeleton = self._skeleton
        skeleton += piece
        while match := _DATA.search(skeleton, self._searched):
            started = self._guess(match.end()) or self._lex(match.start(), match.end())
            self._searched = match.end()
            if started is None:
                continue
            self._pictures += 1
            if self._pictures > MAX_PICTURES:
                raise TooLarge(f"the provider sent more than {MAX_PICTURES} pictures in one answer")
            rest = bytes(memoryview(skeleton)[match.end() :])
            del skeleton[match.end() :]
            self._picture = Base64Stream()
            return started, rest
        if len(skeleton) > MAX_SKELETON:
            raise TooLarge(f"the provider sent more than {MAX_SKELETON} bytes beside its pictures")
        begun = skeleton.rfind(_KEY_OF_PICTURES, self._searched)
        if begun < 0 or not _DATA_BEGUN.fullmatch(skeleton, begun):
            begun = len(skeleton) - len(_KEY_OF_PICTURES) + 1
        self._searched = max(self._searched, begun)
        return None

    def _guess(self, end: int) -> PictureStarted | None:
        """The picture whose string begins at `end`, where the document is as usual: one parse tells, and fast."""
        if self._lexed:
            return None  # one guess was wrong already
        try:
            answer = _decode(bytes(memoryview(self._skeleton)[:end]) + _USUAL_END)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return None
        if isinstance(answer, list) or not answer.candidates or not (parts := answer.candidates[-1].content.parts):
            return None
        blob = parts[-1].inline_data
        if blob is None or blob.data != _MARK:
            return None
        blob.data = ""
        return PictureStarted(answer, len(answer.candidates) - 1, len(parts) - 1)

    def _lex(self, key: int, end: int) -> PictureStarted | None:
        """The picture whose data key starts at `key` and string at `end`; None when the key is no picture's."""
        place = self._place(key)
        if place is None:
            return None
        (before,) = self._parse(bytes(memoryview(self._skeleton)[:end]) + b'"' + self._closers[::-1])
        return PictureStarted(before, *place)

    def _place(self, key: int) -> tuple[int, int] | None:
        """Candidate and part of the data key that starts at `key`, None when it is no picture's."""
        path = self._path
        for token in _TOKEN.finditer(self._skeleton, self._lexed, key):
            kind = token.lastindex
            if kind == _OPEN_STRING:  # no JSON: the key would begin inside a string
                return None
            self._lexed = token.end()
            if kind == _OPEN:
                is_object = token[0] == b"{"
                path.append(b"" if is_object else 0)
                self._closers += b"}" if is_object else b"]"
            elif not path:
                raise Malformed("the provider's answer is no JSON object")
            elif kind == _CLOSE:
                path.pop()
                self._closers.pop()
            elif kind == _KEY:
                path[-1] = token[0].partition(b'"')[2].partition(b'"')[0]
            elif kind == _COMMA and isinstance(path[-1], int):
                path[-1] += 1
        match path:
            case [b"candidates", int(candidate), b"content", b"parts", int(part), b"inlineData", _]:
                return candidate, part
        return None

    @staticmethod
    def _parse(text: bytes) -> list[Answer]:
        try:
            answer = _decode(text)
        except msgspec.DecodeError as error:
            if "truncated" in str(error):
                raise Cut("the provider's answer broke off in the middle; it may have been charged") from error
            raise Malformed("the provider's answer is not what its API sends") from error
        except (RecursionError, UnicodeDecodeError) as error:
            raise Malformed("the provider's answer is not what its API sends") from error
        return answer if isinstance(answer, list) else [answer]
