"""Names of pictures that are secrets: their ids, and the tokens that let anyone read them until they expire.

Both are made from a secret of the store, so that every process which shares it can tell a picture by its place in an
answer before the picture is drawn. A token is encrypted (AES-SIV, RFC 5297): who is passed its URL learns nothing of
the caller. The same picture always has the same one.
"""

import base64
import binascii
import hashlib
import hmac
import struct
import time
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from imagewire_server.core.store.store import Store

_PLACE = struct.Struct(">16sIIQ")  # answer, candidate, part, the second in which it expires
_ID_BYTES = 16
_PREFIX = "cmpl-"


@dataclass(frozen=True, slots=True)
class Link:
    """Where a picture is. caller: whose it is. expires: seconds since 1970."""

    caller: str
    completion_id: str
    candidate_index: int
    part_index: int
    expires: int


def image_id(secret: bytes, completion_id: str, candidate_index: int, part_index: int) -> str:
    """The id of a picture of an answer."""
    place = f"image {completion_id} {candidate_index} {part_index}".encode()
    return f"img-{hmac.digest(secret, place, hashlib.sha256)[:_ID_BYTES].hex()}"


def token(secret: bytes, link: Link) -> str:
    """The token of a link, which nobody can guess or make."""
    answer = bytes.fromhex(link.completion_id.removeprefix(_PREFIX))
    data = _PLACE.pack(answer, link.candidate_index, link.part_index, link.expires) + link.caller.encode()
    return base64.urlsafe_b64encode(_cipher(secret).encrypt(data, None)).rstrip(b"=").decode()


def read(secret: bytes, text: str, now: float) -> Link | None:
    """The link of a token; None where it is not ours, or has expired. now: seconds since 1970."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        data = _cipher(secret).decrypt(raw, None)
    except (binascii.Error, ValueError, InvalidTag):
        return None
    answer, candidate, part, expires = _PLACE.unpack_from(data)
    if expires <= now:
        return None
    return Link(data[_PLACE.size :].decode(), f"{_PREFIX}{answer.hex()}", candidate, part, expires)


@dataclass(frozen=True, slots=True)
class Links:
    """Those of one store."""

    store: Store

    def token(self, link: Link) -> str:
        """What lets anyone read a picture of an answer that is kept."""
        return token(self.store.secret, link)

    def read(self, text: str) -> Link | None:
        """The picture that a token lets anyone read; None where it is not one of ours, or has expired."""
        return read(self.store.secret, text, time.time())

    def image_id(self, link: Link) -> str:
        """The id of a picture that is kept, or will be."""
        return image_id(self.store.secret, link.completion_id, link.candidate_index, link.part_index)


def _cipher(secret: bytes) -> AESSIV:
    return AESSIV(hmac.digest(secret, b"link", hashlib.sha512))
