"""Base64 inside a JSON string, decoded while it arrives. Holds at most an escape sequence and three characters."""

import binascii
import re

import pybase64

from imagewire_server.contract.errors import Malformed

_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_BLANKS = b" \t\r\n"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_ESCAPED = {b"/": b"/", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_NO_BASE64 = b"!"


class Base64Stream:
    """Feed the string's bytes between its quotes, in any pieces; get the decoded bytes.

    Strict in what it decodes, but as open as proto3 JSON in how it is spelled: the standard alphabet or the one that is
    safe in URLs, padded or not, broken into lines or not.
    """

    def __init__(self) -> None:
        self._carry = b""
        self._escape = b""
        self._padded = False
        self._odd = False  # whether a piece was spelled in another way than the usual one

    def feed(self, piece: bytes) -> bytes:
        """Decode as much as is whole. Raises Malformed for anything but base64."""
        if self._escape or b"\\" in piece:
            piece = self._unescape(piece)
        return self._decode(piece)

    def _decode(self, piece: bytes) -> bytes:
        if self._odd:
            piece = piece.translate(_URL_SAFE, _BLANKS)
        text = self._carry + piece
        whole = len(text) & ~3
        if not whole:
            self._carry = text
            return b""
        if self._padded:
            raise _broken()
        try:
            data = pybase64.b64decode(memoryview(text)[:whole], validate=True)
        except (binascii.Error, ValueError) as error:
            if self._odd:
                raise _broken() from error
            self._odd, self._carry = True, b""
            return self._decode(text)
        self._carry = text[whole:]
        self._padded = text[whole - 1] == ord("=")
        return data

    def close(self) -> bytes:
        """The string's closing quote: what is left, where the padding was left out. Raises Malformed."""
        if self._escape:
            raise _broken()
        last = self._carry.translate(_URL_SAFE, _BLANKS)
        if not last:
            return b""
        if self._padded or len(last) == 1 or b"=" in last:
            raise _broken()
        try:
            return pybase64.b64decode(last + b"==="[: -len(last) % 4], validate=True)
        except (binascii.Error, ValueError) as error:
            raise _broken() from error

    def _unescape(self, piece: bytes) -> bytes:
        text = self._escape + piece
        # An escape takes up to six characters: hold back one that is not whole.
        last = text.rfind(b"\\")
        held = (
            last
            if last >= 0 and len(text) - last < (6 if text[last + 1 : last + 2] in {b"", b"u"} else 2)
            else len(text)
        )
        self._escape = text[held:]
        return _ESCAPE.sub(_character, text[:held])


def decoded(text: str) -> bytes | None:
    """The bytes of a whole text, spelled in any of these ways; None when it is no base64."""
    stream = Base64Stream()
    try:
        return stream.feed(text.encode("utf-8", "replace")) + stream.close()
    except Malformed:
        return None


def _character(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return chr(int(match[1], 16)).encode("utf-8", "replace")
    return _ESCAPED.get(match[2], _NO_BASE64)


def _broken() -> Malformed:
    return Malformed("the provider sent a picture that is not valid base64; it may have been charged")
