"""What an answer repeats of its request, so that only the whole request gives it back.

The recorded answer has x's there, and beside them the true bytes, encrypted with a key made of the request. A replayed
program sends that request again, so it gets the answer that the recorded one got. The file alone tells no more than the
hash that it has of the request.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass

_MASKED = re.compile(rb"x+")
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Hidden:
    """salt: random, so that no two answers have the same key. spans: offset and length in the body. data: encrypted."""

    salt: bytes
    spans: tuple[tuple[int, int], ...]
    data: bytes


def hide(plain: bytes, masked: bytes, secret: bytes) -> Hidden | None:
    """What `masked` lacks of `plain`, which is as long. None if nothing. secret: what only a request's sender has."""
    if plain == masked:
        return None
    # Whole runs: the ends of the different bytes would tell where the text has an x itself.
    runs = (match.span() for match in _MASKED.finditer(masked))
    spans = tuple((at, end - at) for at, end in runs if plain[at:end] != masked[at:end])
    lacking = b"".join(plain[at : at + length] for at, length in spans)
    salt = secrets.token_bytes(_SALT_BYTES)
    return Hidden(salt, spans, _crypted(lacking, salt, secret))


def restore(masked: bytes, hidden: Hidden, secret: bytes) -> bytes:
    """The plain bytes again. Raises ValueError if the spans do not fit."""
    found, at = bytearray(masked), 0
    lacking = _crypted(hidden.data, hidden.salt, secret)
    for start, length in hidden.spans:
        piece = lacking[at : at + length]
        if start < 0 or start + length > len(found) or len(piece) != length:
            raise ValueError("what is hidden does not fit the body")
        found[start : start + length] = piece
        at += length
    return bytes(found)


def _crypted(data: bytes, salt: bytes, secret: bytes) -> bytes:
    """Encrypts, and decrypts again: the same bytes of a stream are added to both."""
    stream = hashlib.shake_256(salt + secret).digest(len(data))
    return bytes(one ^ other for one, other in zip(data, stream, strict=True))
