"""The members of a JSON object, and the elements of an array, as texts: found by brackets and quotes alone.

So one that is odd, or no JSON at all, does not hide the others. The work is linear in the text.
"""

import re
from collections.abc import Iterator

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:"]', re.DOTALL)
_BLANKS = b" \t\r\n"


def members(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of an object's text, which begins with its bracket, in order; the key with its quotes."""
    key, at = b"", 1
    for colon, begin, end in _marks(text):
        if colon:
            key, at = text[at:begin].strip(_BLANKS), end
            continue
        if key:
            yield key, text[at:begin].strip(_BLANKS)
        key, at = b"", end


def elements(text: bytes) -> list[bytes]:
    """The elements of an array's text, which begins with its bracket."""
    found, at = [], 1
    for colon, begin, end in _marks(text):
        if not colon:
            found.append(text[at:begin].strip(_BLANKS))
            at = end
    return [element for element in found if element]


def _marks(text: bytes) -> Iterator[tuple[bool, int, int]]:
    """The colons and commas of the outermost level, and its end: (is a colon, where it begins, where it ends)."""
    depth, colon = 0, False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in {b"{", b"["}:
            depth += 1
        elif token in {b"}", b"]"}:
            depth -= 1
            if depth == 0:
                yield False, match.start(), match.end()
                return
        elif depth == 1 and token == b",":
            colon = False
            yield False, match.start(), match.end()
        elif depth == 1 and token == b":" and not colon:
            colon = True
            yield True, match.start(), match.end()
