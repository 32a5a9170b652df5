"""Measures the content of a JSON text before it is decoded, at the speed of C, because one or two bytes make a value.

Commas and brackets are counted, also those in texts. Only if there are too many are the texts removed first.
"""

import re
from collections.abc import Iterator

from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.limits import FEW_VALUES, LIGHT_BYTES, MOST_TEXT, MOST_VALUES, TOO_MANY, TOO_MUCH_TEXT

Json = bytes | bytearray

_BYTES = 2  # the minimum size of a value with the character after it
_SLICE = 128 * 1024
# A text of at least this length, of ASCII with few escapes, is the base64 of a picture, or is read as quickly. Some
# encoders escape each slash, or break lines. \u is not one of the few: it makes characters that need more memory.
_PLAIN = 4 * 1024
_STEP = _PLAIN // 2
_FEW_ESCAPES = 16  # characters for each
_ESCAPES = re.compile(rb"\\*")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def is_large(body: Json) -> bool:
    """Whether a body takes long to process."""
    return len(body) > _BYTES * FEW_VALUES and (len(body) > LIGHT_BYTES or _roughly(body) > FEW_VALUES)


def check(body: Json, field: str = "body") -> None:
    """Raise InvalidRequest if a body exceeds the limits."""
    if len(body) <= _BYTES * MOST_VALUES:
        return
    if len(body) > MOST_TEXT and len(body) - sum(_plain(body)) > MOST_TEXT:
        raise InvalidRequest([Violation(field, TOO_MUCH_TEXT)])
    if _roughly(body) > MOST_VALUES:
        values(body, field)


def values(body: Json, field: str, most: int = MOST_VALUES) -> int:
    """The number of values in a JSON text, or a few more. Raises InvalidRequest if there are more than `most`."""
    found = _roughly(body)
    if found > most:
        found = _exactly(body, most)
    if found > most:
        raise InvalidRequest([Violation(field, TOO_MANY)])
    return found


def check_levels(body: Json, most: int, field: str = "") -> None:
    """Raise InvalidRequest if lists and objects are nested more than `most` levels deep in a JSON text."""
    if _is_deep(body, most):
        raise InvalidRequest([Violation(field, f"is nested more than {most} levels deep; flatten it")])


def _is_deep(body: Json, most: int) -> bool:
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    level = 0
    for between, _ in _outside(body):
        for bracket in b"".join(between).translate(None, _NO_BRACKETS):
            level += 1 if bracket in b"[{" else -1
            if level > most:
                return True
    return False


def _roughly(body: Json) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{") + 1


def _exactly(body: Json, most: int) -> int:
    """Count values by the characters outside texts; half of the texts may be names. It stops above `most`."""
    found, quotes = 1, 0
    for between, more in _outside(body):
        for outside in between:
            found += outside.count(b",") + outside.count(b"[") + outside.count(b"{")
        quotes += more
        found = max(found, quotes // 4)
        if found > most:
            break
    return found


def _outside(body: Json) -> Iterator[tuple[list[bytes], int]]:
    """What stands outside texts, and how many quotes there are, of one piece after the other."""
    inside = False
    for piece in _pieces(body):
        # Escapes first, two characters at a time from the left, as JSON parsers do.
        between = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        yield between[1 if inside else 0 :: 2], len(between) - 1
        inside ^= len(between) % 2 == 0


def _pieces(body: Json) -> Iterator[bytes]:
    """Slices that do not separate an escape from the character after it."""
    at = 0
    while at < len(body):
        end = min(at + _SLICE, len(body))
        if body[end - 1] == 0x5C:
            escapes = _ESCAPES.match(body, end)
            end = (escapes.end() if escapes else end) + 1
        yield bytes(body[at:end])
        at = end


def _plain(body: Json) -> Iterator[int]:
    """The lengths of the long plain texts."""
    at = 0
    while at < len(body):
        if body.find(b'"', at, at + _STEP) >= 0:
            at += _STEP
            continue
        begin, end = body.rfind(b'"', 0, at) + 1, body.find(b'"', at)
        end = len(body) if end < 0 else end
        # Each with the first byte of the next, so that no escape is separated.
        pieces = (bytes(body[i : min(i + _SLICE + 1, end)]) for i in range(begin, end, _SLICE))
        if end - begin >= _PLAIN and all(map(_is_plain, pieces)):
            yield end - begin
        at = end + 1


def _is_plain(piece: bytes) -> bool:
    return piece.isascii() and b"\\u" not in piece and piece.count(b"\\") * _FEW_ESCAPES <= len(piece) + _FEW_ESCAPES
