"""Where a streamed answer is, as its bytes go by: an error can be added only between two of its events.

Server-sent events and arrays are followed by their line ends, brackets and quotes; no byte is changed or held.
"""

import re

_TOKEN = re.compile(rb'[{}\[\]"]')
_STRING_END = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_BLANKS = b" \t\r\n"
_BOUNDARIES = (b"\n\n", b"\n\r\n", b"\r\r")
_TAIL = 4


class EventFraming:
    """Of server-sent events."""

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        """The next bytes."""
        self._tail = (self._tail + piece[-_TAIL:])[-_TAIL:]

    def added(self, error: bytes) -> bytes | None:
        """What ends the answer with an error, which is a JSON object; None inside an event."""
        if self._tail and not self._tail.endswith(_BOUNDARIES):
            return None
        return b"data: %b\r\n\r\n" % error


class ArrayFraming:
    """Of one array of answers. A relay may send one answer in its place, to which nothing can be added."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = self._escaped = False
        self._first = self._last = b""  # of the bytes that are no blanks

    def feed(self, piece: bytes) -> None:
        """The next bytes."""
        self._first = self._first or piece.lstrip(_BLANKS)[:1]
        self._last = piece.rstrip(_BLANKS)[-1:] or self._last
        at = 0
        while at < len(piece):
            if self._in_string:
                at = self._read_string(piece, at)
                continue
            found = _TOKEN.search(piece, at)
            if found is None:
                return
            at = found.end()
            match found[0]:
                case b'"':
                    self._in_string = True
                case b"{" | b"[":
                    self._depth += 1
                case _:
                    self._depth -= 1

    def added(self, error: bytes) -> bytes | None:
        """What ends the answer with an error, which is a JSON object; None inside an element, and behind the end."""
        if not self._last:
            return b"[%b\n]\n" % error
        if self._first != b"[" or self._depth != 1 or self._in_string:
            return None
        comma = b"" if self._last in {b"[", b","} else b",\r\n"
        return b"%b%b\n]\n" % (comma, error)

    def _read_string(self, piece: bytes, at: int) -> int:
        """Read on in a string; return where to go on."""
        if self._escaped:
            self._escaped = False
            return at + 1
        end = _STRING_END.match(piece, at)
        at = end.end() if end else at
        if at == len(piece):
            return at
        if piece[at : at + 1] == b"\\":
            self._escaped = True  # the piece ends behind it
        else:
            self._in_string = False
        return at + 1
