"""JSON as no encoder would write it: keys in any order and twice, any escapes, any blanks, literal pieces."""

import json
import random
from dataclasses import dataclass
from typing import Any


class Obj(list[tuple[str, Any]]):
    """An object as pairs, so that order and duplicates are kept."""


@dataclass(frozen=True)
class Raw:
    """Bytes that stand in the text as they are."""

    text: bytes


@dataclass(frozen=True)
class Base64:
    """A string of base64; escapes: "", "slashes", "padding" or "all"."""

    text: str
    escapes: str = ""

    def written(self) -> bytes:
        """The string's text, with its quotes."""
        text = self.text
        if self.escapes in {"slashes", "all"}:
            text = text.replace("/", "\\/")
        if self.escapes in {"padding", "all"}:
            text = text.replace("=", "\\u003d").replace("+", "\\u002B")
        if self.escapes == "all":
            text = text.replace("A", "\\u0041").replace("z", "\\u007a")
        return b'"' + text.encode() + b'"'


class Writer:
    """Writes values. style: of "pretty", "crlf", "tabs", "spaced", "ascii", "slashes", "html", "escaped-keys"."""

    def __init__(self, style: tuple[str, ...], rng: random.Random) -> None:
        self._style = frozenset(style)
        self._rng = rng
        self._newline = "\r\n" if "crlf" in style else "\n"
        self._indent = "\t" if "tabs" in style else "  "
        self._pretty = bool(self._style & {"pretty", "crlf", "tabs"})
        spaced = self._pretty or "spaced" in style
        self._colon = b" : " if "spaced" in style else b": " if spaced else b":"
        self._comma = b" , " if "spaced" in style else b","

    def write(self, value: Any, depth: int = 0) -> bytes:
        """The value as JSON text."""
        if isinstance(value, Raw):
            return value.text
        if isinstance(value, Base64):
            return value.written()
        if isinstance(value, str):
            return self._string(value)
        if isinstance(value, Obj):
            items = [self._key(key) + self._colon + self.write(inner, depth + 1) for key, inner in value]
            return self._bracketed(b"{", items, b"}", depth)
        if isinstance(value, dict):
            return self.write(Obj(value.items()), depth)
        if isinstance(value, list | tuple):
            return self._bracketed(b"[", [self.write(inner, depth + 1) for inner in value], b"]", depth)
        return json.dumps(value).encode()

    def _bracketed(self, front: bytes, items: list[bytes], behind: bytes, depth: int) -> bytes:
        if not items or not self._pretty:
            return front + self._comma.join(items) + behind
        inner = (self._newline + self._indent * (depth + 1)).encode()
        return front + inner + (b"," + inner).join(items) + (self._newline + self._indent * depth).encode() + behind

    def _string(self, text: str) -> bytes:
        made = json.dumps(text, ensure_ascii="ascii" in self._style)
        if "slashes" in self._style:
            made = made.replace("/", "\\/")
        if "html" in self._style:
            for sign in "<>&='":
                made = made.replace(sign, f"\\u{ord(sign):04x}")
        return made.encode(errors="surrogatepass")

    def _key(self, key: str) -> bytes:
        made = self._string(key)
        if "escaped-keys" in self._style and key and key.isalnum() and self._rng.random() < 0.4:
            at = self._rng.randrange(len(key))
            made = f'"{key[:at]}\\u{ord(key[at]):04x}{key[at + 1 :]}"'.encode()
        return made
