"""Keys are taken out of the errors in an answer that is passed on byte for byte. All else stays as it is.

A picture's base64 may hold the letters of a short key by chance, and a model may be asked to write them.
"""

from collections.abc import Iterable

# A quote inside a text is escaped, so only the name of a member has both.
_ERROR = b'"error"'
_REDACTED = b"[redacted]"
# Bytes. Relays take words such as "none" for a key; LiteLLM's "sk-1234" is one.
_SHORTEST = 6


class Redaction:
    """Feed the answer in any pieces; get what goes on of each. secrets: the headers with keys.

    everywhere: whether keys are taken out of all of it, for an answer that has no picture.
    """

    def __init__(self, secrets: Iterable[str], *, everywhere: bool = False) -> None:
        keys = (header.removeprefix("Bearer ").encode() for header in secrets)
        self._secrets = [key for key in keys if len(key) >= _SHORTEST]
        self._most = max(map(len, self._secrets), default=1) - 1
        self._end = b""  # of the last piece, which may hold the front of the name
        self._held = b""  # it may be the front of a key
        self._in_error = everywhere

    def feed(self, piece: bytes, *, last: bool = False) -> bytes:
        """What goes on. last: whether no other piece comes."""
        if not self._secrets:
            return piece
        front = b""
        if not self._in_error:
            at = self._find(piece)
            if at is None:
                return piece
            self._in_error = True
            front, piece = piece[:at], piece[at:]
        held = self._held + piece
        for secret in self._secrets:
            held = held.replace(secret, _REDACTED)
        whole = len(held) if last else max(0, len(held) - self._most)
        self._held = held[whole:]
        return front + held[:whole]

    def _find(self, piece: bytes) -> int | None:
        """Where an error begins in a piece, at its front if it has begun in the one before."""
        most = len(_ERROR) - 1
        if _ERROR in self._end + piece[:most]:
            return 0
        at = piece.find(_ERROR)
        self._end = (self._end + piece[-most:])[-most:]
        return None if at < 0 else at
