"""The body of a large request: JSON in pieces, and pictures as they are, which become base64 when they leave.

So no picture stands in memory twice, and no step takes long.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import pybase64

# Of a picture, at once: a multiple of three. And of JSON.
_PICTURE_BYTES = 96 * 1024
_JSON_BYTES = 128 * 1024
_TEXT_CHARACTERS = 64 * 1024
_encode = msgspec.json.encode


class Body:
    """A document, encoded. size: bytes."""

    def __init__(self, document: object) -> None:
        self._parts: list[bytes | memoryview] = []
        self._json = bytearray()
        self._write(document)
        self._flush()
        self.size = sum(-(-len(part) // 3) * 4 if isinstance(part, memoryview) else len(part) for part in self._parts)

    def __len__(self) -> int:
        return self.size

    def pieces(self) -> Iterator[bytes]:
        """All of it, piece by piece."""
        for part in self._parts:
            if isinstance(part, memoryview):
                for at in range(0, len(part), _PICTURE_BYTES):
                    yield pybase64.b64encode(part[at : at + _PICTURE_BYTES])
            else:
                yield part

    def _write(self, value: Any) -> None:
        if isinstance(value, dict):
            self._write_between(b"{", b"}", ((_encode(name) + b":", inside) for name, inside in value.items()))
        elif isinstance(value, list):
            self._write_between(b"[", b"]", ((b"", inside) for inside in value))
        elif isinstance(value, bytes) and len(value) > _PICTURE_BYTES:
            self._json += b'"'
            self._flush()
            self._parts.append(memoryview(value))
            self._json += b'"'
        elif isinstance(value, str) and len(value) > _TEXT_CHARACTERS:
            self._json += b'"'
            for at in range(0, len(value), _TEXT_CHARACTERS):
                self._add(_encode(value[at : at + _TEXT_CHARACTERS])[1:-1])
            self._json += b'"'
        else:
            self._add(_encode(value))

    def _write_between(self, opened: bytes, closed: bytes, entries: Iterator[tuple[bytes, Any]]) -> None:
        self._json += opened
        for i, (name, value) in enumerate(entries):
            self._json += b"," + name if i else name
            self._write(value)
        self._json += closed

    def _add(self, encoded: bytes) -> None:
        self._json += encoded
        if len(self._json) > _JSON_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._json:
            self._parts.append(bytes(self._json))
            self._json.clear()
