"""Decompresses bodies while they arrive, in pieces of limited size."""

import zlib

from imagewire_server.contract.errors import Cut, Malformed

# The maximum size of a decompressed piece: a compressed megabyte may become a gigabyte.
_PIECE_BYTES = 256 * 1024
_GZIP = b"\x1f\x8b"
# zlib's code for "a gzip header or a zlib header".
_EITHER = 32 + zlib.MAX_WBITS


class Inflater:
    """One body in gzip or deflate. Feed a piece, then take until the result is empty."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_EITHER)
        self._left = b""
        self._cut_header = b""  # the first byte of a member's header, if the piece ended there

    def feed(self, piece: bytes) -> None:
        """Add more of the body. Everything that was fed before must have been taken."""
        self._left, self._cut_header = self._cut_header + piece, b""

    def take(self) -> bytes:
        """The next decompressed bytes; b"" if more of the body is needed. Raises Malformed."""
        while self._left:
            if self._inflate.eof:  # gzip allows several members in a row; anything else is padding
                if not self._left.startswith(_GZIP):
                    self._cut_header = self._left if self._left == _GZIP[:1] else b""
                    self._left = b""
                    break
                self._inflate = zlib.decompressobj(_EITHER)
            try:
                data = self._inflate.decompress(self._left, _PIECE_BYTES)
            except zlib.error as error:
                raise Malformed("the provider's compressed answer is damaged; it may have been charged") from error
            self._left = self._inflate.unconsumed_tail or self._inflate.unused_data
            if data:
                return data
        return b""

    def close(self) -> None:
        """Mark the end of the body. Raises Cut if it is incomplete."""
        if not self._inflate.eof:
            raise Cut("the provider's compressed answer broke off; it may have been charged")
