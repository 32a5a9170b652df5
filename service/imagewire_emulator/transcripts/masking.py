"""Replaces what an answer repeats of its request: credentials, texts, parts of texts, the caller's own names.

Each byte becomes an x, so that the sizes of an answer's chunks remain true.
"""

import json
import re
from collections.abc import Iterable

_STRING = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?')
_DISPLAY_NAME = re.compile(rb'("display_?[nN]ame"\s*:\s*")([^"\\]*(?:\\.[^"\\]*)*)"')
_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&='"})
# A character as JSON writes it: a pair of surrogates, another escape, itself.
_CHARACTER = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[\xc0-\xff][\x80-\xbf]*|.",
    re.DOTALL,
)
_FILE = re.compile(rb"[A-Za-z0-9+/_=-]{1000,}")  # base64, of which nobody quotes a part
_PIECE = 16  # characters that a text and an answer have in common, and hardly by chance


def without(answer: bytes, secrets: Iterable[str]) -> bytes:
    """The answer without secrets, which are replaced everywhere."""
    return _replaced(answer, _forms(secrets))


def masked(answer: bytes, repeated: Iterable[str], names: Iterable[str] = ()) -> bytes:
    """The answer without them.

    repeated: texts, replaced in JSON's strings but not in names, and so are 16 characters
    or more of one. names: the caller's, replaced in names and strings.
    """
    texts, own = list(repeated), {*names}
    said = [*texts, *own]
    pieces = {
        text[at : at + _PIECE]
        for text in texts
        if not _FILE.fullmatch(text.encode(errors="replace"))
        for at in range(len(text) - _PIECE + 1)
    }

    def mask(match: re.Match[bytes]) -> bytes:
        if _FILE.fullmatch(match[1]):
            return _replaced(match[0], (text.encode(errors="replace") for text in said))
        characters = _CHARACTER.findall(match[1])
        if match[2]:
            if _plain(characters) not in own:
                return match[0]
            return b'"' + b"x" * len(match[1]) + b'"' + match[2]
        return b'"' + _hidden(characters, said, pieces) + b'"'

    return _STRING.sub(mask, answer) if said else answer


def without_display_names(answer: bytes) -> bytes:
    """The answer without the names that callers gave to their files, batches and caches."""
    return _DISPLAY_NAME.sub(lambda match: match[1] + b"x" * len(match[2]) + b'"', answer)


def _hidden(characters: list[bytes], texts: list[str], pieces: set[str]) -> bytes:
    """A string's content, in which what is of the request is replaced."""
    plain = _plain(characters)
    hide = bytearray(len(plain))
    for text in texts:
        at = plain.find(text)
        while at >= 0:
            hide[at : at + len(text)] = b"x" * len(text)
            at = plain.find(text, at + len(text))
    for at in range(len(plain) - _PIECE + 1 if pieces else 0):
        if plain[at : at + _PIECE] in pieces:
            hide[at : at + _PIECE] = b"x" * _PIECE
    pairs = zip(characters, hide, strict=True)
    return b"".join(b"x" * len(character) if hidden else character for character, hidden in pairs)


def _replaced(data: bytes, forms: Iterable[bytes]) -> bytes:
    for form in forms:
        data = data.replace(form, b"x" * len(form))
    return data


def _plain(characters: list[bytes]) -> str:
    """The text, with one character for each. What is no JSON is a replacement character."""
    return "".join(chr(one[0]) if len(one) == 1 else _decoded(one) for one in characters)


def _decoded(character: bytes) -> str:
    try:
        text = json.loads(b'"' + character + b'"')
    except ValueError:
        return "\N{REPLACEMENT CHARACTER}"
    return text if len(text) == 1 else "\N{REPLACEMENT CHARACTER}"


def _forms(secrets: Iterable[str]) -> list[bytes]:
    """How the secrets may be written in JSON, the longest first."""
    found: set[bytes] = set()
    for secret in secrets:
        for ascii_only in (True, False):
            quoted = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
            found |= {quoted.encode(errors="replace"), quoted.translate(_ESCAPES).encode(errors="replace")}
    return sorted(found, key=len, reverse=True)
