"""Compressed bodies, taken apart while they arrive, a bounded piece at a time."""

import zlib

from imagewire_server.contract.errors import Cut, Malformed

# Of what is unpacked at once: a compressed megabyte may hold a gigabyte.
_PIECE_BYTES = 256 * 1024
_GZIP = b"\x1f\x8b"
# zlib's word for "gzip's header or zlib's own".
_EITHER = 32 + zlib.MAX_WBITS


class Inflater:
    """One body in gzip or deflate. Feed a piece, then take until nothing comes."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_EITHER)
        self._left = b""

    def feed(self, piece: bytes) -> None:
        """More of the body; what was fed before must be taken."""
        self._left = piece

    def take(self) -> bytes:
        """The next unpacked bytes, b"" when more of the body is needed. Raises Malformed."""
        while self._left:
            if self._inflate.eof:  # gzip allows several members one after another; anything else is padding
                if not self._left.startswith(_GZIP):
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
        """The body's end. Raises Cut when it is not whole."""
        if not self._inflate.eof:
            raise Cut("the provider's compressed answer broke off; it may have been charged")
