"""Envelopes: a byte of flags, the length in four bytes, and a message."""

from collections.abc import Iterator

from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.formats.connect.refusals import TooLong, Unreadable

HEAD = 5
COMPRESSED, END, WEB_TRAILERS = 0x01, 0x02, 0x80


def head(size: int, flags: int = 0) -> bytes:
    """What stands before a message of so many bytes."""
    return bytes((flags,)) + size.to_bytes(4, "big")


class EnvelopeReader:
    """Cuts a body into its messages. most: bytes of one. packs: whether its messages may be compressed.

    packed: whether the last message is.

    Example:
        reader = EnvelopeReader(1000)
        for piece in body:
            for message in reader.feed(piece):
                ...
        reader.end()
    """

    def __init__(self, most: int, *, packs: bool = False) -> None:
        self._most = most
        self._packs = packs
        self.packed = False
        self._head = b""
        self._left = -1  # of the message that is being read; -1 in front of its head
        self._message = bytearray()

    def feed(self, piece: bytes) -> Iterator[bytearray]:
        """The messages that a piece of the body completes. Raises InvalidRequest and TooLong."""
        at = 0
        while at < len(piece):
            if self._left < 0:
                needed = HEAD - len(self._head)
                self._head += piece[at : at + needed]
                at += needed
                if len(self._head) < HEAD:
                    return
                self._begin()
            taken = piece[at : at + self._left]
            self._message += taken
            self._left -= len(taken)
            at += len(taken)
            if self._left == 0:
                message, self._message, self._left = self._message, bytearray(), -1
                yield message

    def end(self) -> None:
        """The body is complete. Raises InvalidRequest if a message is not."""
        if self._left >= 0 or self._head:
            raise _wrong("the body ends inside an envelope: send each message whole, behind its five bytes")

    def _begin(self) -> None:
        flags, self._left, self._head = self._head[0], int.from_bytes(self._head[1:], "big"), b""
        self.packed = bool(flags & COMPRESSED)
        if self.packed and not self._packs:
            raise Unreadable(
                "an envelope says that its message is compressed, which no header of the request announces"
            )
        if flags & ~COMPRESSED:
            raise _wrong(f"an envelope has the flags {flags:#04x}; a request's message has 0, or 1 if it is compressed")
        if self._left > self._most:
            raise TooLong(self._most)


def _wrong(words: str) -> InvalidRequest:
    return InvalidRequest([Violation("", words)])
