"""Comparing pictures with the known ones while they arrive: no byte is decoded, copied or kept.

The time of the check is the load's, and `bytes.startswith` at an offset is a memcmp: sha256 would take ten times that.
"""

from collections.abc import Callable

from bench.pictures import encoded
from bench.shapes import Mark


class Wrong(Exception):
    """An answer is not what was asked for."""


class Scanner:
    """One answer's body, fed piece by piece: exactly one picture must stand in it, and it must be the known one."""

    def __init__(self, mark: Mark, size: int, clock: Callable[[], float]) -> None:
        self._before = mark.before
        self._known = encoded(size).replace(b"=", mark.padding)
        self._clock = clock
        self._tail = b""
        self._at = -1
        self._pictures = 0
        self.first: float | None = None
        """When the first byte of the picture was there."""

    def feed(self, data: bytes) -> None:
        """More of the body. Raises Wrong."""
        if self._at < 0:
            data = self._tail + data
            found = data.find(self._before)
            if found < 0:
                self._tail = data[-len(self._before) :]
                return
            self._tail, self._at = b"", 0
            data = data[found + len(self._before) :]
        if not data:
            return
        if self.first is None:
            self.first = self._clock()
        left = len(self._known) - self._at
        piece = data if len(data) <= left else data[:left]
        if not self._known.startswith(piece, self._at):
            raise Wrong(f"a picture differs in the {len(piece)} base64 characters from {self._at}")
        self._at += len(piece)
        if len(data) > left:
            self._end(data[left:])

    def _end(self, remainder: bytes) -> None:
        if not remainder.startswith(b'"'):
            raise Wrong("a picture is longer than the known one")
        self._at = -1
        self._pictures += 1
        self.feed(remainder)

    def finish(self) -> None:
        """The body is whole. Raises Wrong."""
        if self._at >= 0:
            raise Wrong(f"a picture ends after {self._at} of {len(self._known)} base64 characters")
        if self._pictures != 1:
            raise Wrong(f"{self._pictures} pictures in place of one")
