"""Server-sent events (WHATWG HTML 9.2) as a stream: payloads pass as they arrive, no line is gathered.

A body that is JSON and no event stream passes as one payload, and so does JSON that stands in place of an event.
"""

import enum
import re
from collections.abc import Iterator

from imagewire_server.contract.errors import Cut, TooLarge

# U+2028 and its kind may stand inside the JSON: only CR and LF end a line.
_NAME_END = re.compile(rb"[\r\n:]")
# Whole comments and empty lines between events, as many as there are.
_IDLE = re.compile(rb"(?:(?::[^\r\n]*+)?(?:\r\n|\r|\n))++")
_LF, _CR, _SPACE, _COLON = b"\n\r :"
_LONGEST_NAME = 16
_DATA = b"data: "
_BOM = b"\xef\xbb\xbf"
_BLANKS = b" \t\r\n"
# How a value of JSON begins, and no line of an event stream.
_JSON_WORDS = (b"null", b"true", b"false")
_LONGEST_WORD = 5
_JSON = (*_JSON_WORDS, b"{", b"[", b'"', *(b"%d" % digit for digit in range(10)), b"-")
# What is not payload: comments, other fields, empty events. A comment each second for days has no more.
MAX_IDLE = 4 * 1024 * 1024
# What a line costs besides its bytes.
_LINE = 64
# An error in place of an answer: the data of an event, or an element of an array.
_ERROR = re.compile(rb"(?:(?:\A|(?<=[\r\n]))data:[ \t]*\[?|[\[,])\s*\{\s*\"error\"\s*:")


class _In(enum.Enum):
    START = enum.auto()
    NAME = enum.auto()
    SPACE = enum.auto()
    DATA = enum.auto()
    OTHER = enum.auto()
    BARE = enum.auto()


class SseSplitter:
    """Feed the body in any pieces; get the pieces of its payloads, and None after each whole event.

    bare: whether JSON came in place of events, to the body's end. Raises TooLarge when there is too much beside the
    payloads.
    """

    def __init__(self) -> None:
        self._state = _In.START
        self._start = b""
        self._name = b""
        self._after_cr = False
        self._has_data = False
        self._has_events = False
        self._line_empty = False  # whether the open line is one of data, as yet without a byte of it
        self._in_event = False
        self._idle = 0

    @property
    def bare(self) -> bool:
        """See the class."""
        return self._state is _In.BARE

    @property
    def used(self) -> bool:
        """Whether the body is either of both."""
        return self.bare or self._has_events

    def feed(self, piece: bytes) -> Iterator[bytes | None]:
        """The payloads in this piece."""
        if self._state is _In.START:
            piece = self._begin(piece)
        at, lf = 0, -1
        while at < len(piece):
            if lf < at and (lf := piece.find(b"\n", at)) < 0:
                lf = len(piece)
            if self._after_cr:
                self._after_cr = False
                at += piece[at] == _LF
                continue
            if self._state is _In.NAME and not self._name and not self._in_event:
                if (event := _whole_event(piece, at, lf)) is not None:
                    payload, at = event
                    self._has_events = True
                    yield payload
                    yield None
                    continue
                if idle := _IDLE.match(piece, at):
                    at = self._pass_over(idle, at)
                    continue
                self._state = _In.BARE if piece[at] in b"{[" else _In.NAME
            if self._state is _In.BARE:
                yield piece[at:] if at else piece
                return
            if self._state is _In.NAME:
                at, event_ended = self._read_name(piece, at)
                if event_ended:
                    yield None
                continue
            if self._state is _In.SPACE:
                at = self._begin_data(piece, at)
                if self._has_data:
                    yield b"\n"
                self._has_data = True
            end = _line_end(piece, at, lf)
            if self._state is _In.DATA:
                if end > at:
                    self._line_empty = False
                    yield piece[at:end]
            else:
                self._count(end - at)
            if end < len(piece):
                self._end_line(piece[end])
            at = end + 1

    def close(self) -> Iterator[None]:
        """The body's end, which ends the last event too. Raises Cut when it comes inside a line without payload."""
        begun = self._line_empty or (self._state is _In.NAME and self._name)
        if begun and self._has_events:
            raise Cut("the provider's answer broke off in the middle; it may have been charged")
        if self._in_event or self._state is _In.BARE:
            yield None

    def _pass_over(self, idle: re.Match[bytes], at: int) -> int:
        self._count(idle.end() - at)
        self._after_cr = idle[0].endswith(b"\r")
        return idle.end()

    def _begin(self, piece: bytes) -> bytes:
        """Pass over a byte order mark and blanks in front of the body; tell JSON by what it begins with."""
        text = self._start + piece
        if _BOM.startswith(text):
            self._start = text
            return b""
        rest = text.removeprefix(_BOM).lstrip(_BLANKS)
        self._count(len(text) - len(rest))
        if len(rest) <= _LONGEST_WORD and any(word.startswith(rest) for word in _JSON_WORDS):
            self._start = rest
            return b""
        self._start = b""
        self._state = _In.BARE if rest.startswith(_JSON) else _In.NAME
        return rest

    def _begin_data(self, piece: bytes, at: int) -> int:
        self._state = _In.DATA
        return at + (piece[at] == _SPACE)

    def _count(self, idle: int) -> None:
        self._idle += idle
        if self._idle > MAX_IDLE:
            raise TooLarge(f"the provider sent more than {MAX_IDLE} bytes of event stream without content")

    def _read_name(self, piece: bytes, at: int) -> tuple[int, bool]:
        """Read on in a field's name; return where to go on, and whether an event has ended there."""
        end = _NAME_END.search(piece, at)
        stop = end.start() if end else len(piece)
        self._name = (self._name + piece[at : min(stop, at + _LONGEST_NAME)])[:_LONGEST_NAME]
        self._count(stop - at)
        if end is None:
            return stop, False
        if piece[stop] == _COLON:
            self._state = _In.SPACE if self._name == b"data" else _In.OTHER
            self._in_event = self._in_event or self._state is _In.SPACE
            self._has_events = self._has_events or self._in_event
            self._line_empty = self._state is _In.SPACE
            return stop + 1, False
        ended = self._in_event and not self._name
        if ended:
            self._in_event = self._has_data = False
        self._end_line(piece[stop])
        return stop + 1, ended

    def _end_line(self, ended_by: int) -> None:
        if self._line_empty or self._state is _In.OTHER:
            self._count(_LINE)
        self._after_cr = ended_by == _CR
        self._state = _In.NAME
        self._name = b""
        self._line_empty = False


def _whole_event(piece: bytes, at: int, lf: int) -> tuple[bytes, int] | None:
    """The payload of an event of one line that is here to its end, and where the next begins: most of them are so."""
    if lf == len(piece) or not piece.startswith(_DATA, at):
        return None
    end = lf - 1 if piece[lf - 1] == _CR else lf
    begin = at + len(_DATA)
    if end <= begin or piece.find(b"\r", begin, end) >= 0:
        return None
    if piece.startswith(b"\n", lf + 1):
        return piece[begin:end], lf + 2
    return (piece[begin:end], lf + 3) if piece.startswith(b"\r\n", lf + 1) else None


def _line_end(piece: bytes, at: int, lf: int) -> int:
    """Where the line ends, the piece's length when it does not. lf: where the next LF is, likewise."""
    cr = piece.find(b"\r", at, lf)
    return cr if cr >= 0 else max(lf, at)


def before_error(piece: bytes) -> bytes:
    """What stands in front of an error in a piece of an answer; b"" where none is seen, so what is wrong is unknown."""
    found = _ERROR.search(piece)
    return piece[: found.start()] if found else b""
