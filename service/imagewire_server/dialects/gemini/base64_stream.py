"""Base64 inside a JSON string, decoded while it arrives. Holds at most an escape sequence and three characters."""

import binascii
import re

import pybase64

from imagewire_server.contract.errors import Malformed

_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|([/]))")


class Base64Stream:
    """Feed the string's bytes between its quotes, in any pieces; get the decoded bytes. Strict: RFC 4648, padded."""

    def __init__(self) -> None:
        self._carry = b""
        self._escape = b""
        self._padded = False

    def feed(self, piece: bytes) -> bytes:
        """Decode as much as is whole. Raises Malformed for anything but base64."""
        if self._escape or b"\\" in piece:
            piece = self._unescape(piece)
        text = self._carry + piece
        whole = len(text) & ~3
        self._carry = text[whole:]
        if not whole:
            return b""
        if self._padded:
            raise _broken()
        self._padded = text[whole - 1] == ord("=")
        try:
            return pybase64.b64decode(memoryview(text)[:whole], validate=True)
        except (binascii.Error, ValueError) as error:
            raise _broken() from error

    def close(self) -> None:
        """The string's closing quote. Raises Malformed when characters are missing."""
        if self._carry or self._escape:
            raise _broken()

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


def _character(match: re.Match[bytes]) -> bytes:
    return chr(int(match[1], 16)).encode() if match[1] else match[2]


def _broken() -> Malformed:
    return Malformed("the provider sent a picture that is not valid base64; it may have been charged, nothing was kept")
