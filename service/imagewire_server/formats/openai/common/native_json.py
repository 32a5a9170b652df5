"""The provider's JSON inside ours: unchanged if every JSON parser preserves it, otherwise as text."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

Json = dict[str, Any]
_DEEP = 100
_WHOLE = 2**53  # beyond it, a double cannot represent every integer
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LONG = re.compile(rb"(?<![.0-9])[0-9]{16,}")
_HUGE = re.compile(rb"[0-9][eE]\+?[0-9]{3}")
_ESCAPED = re.compile(r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def embedded(name: str, text: str) -> Json:
    """A field with the provider's JSON: in `name` as JSON, or in `name`_json as text.

    Many parsers fail on deep nesting and on half a surrogate pair, and the caller would lose the rest of the answer.
    Others round large numbers, and the provider would get a different value back.
    """
    if not _is_safe(text):
        return {f"{name}_json": text}
    # Line breaks between tokens are only whitespace, and an event must be one line.
    return {name: msgspec.Raw(text.replace("\n", " ").replace("\r", " ").encode())}


def native_fields(given: Mapping[str, str]) -> Json:
    """Fields of the provider (name to JSON text), as `native_fields` and `native_fields_json`."""
    if not given:
        return {}
    made: Json = {}
    for name, text in given.items():
        for where, value in embedded("native_fields", text).items():
            made.setdefault(where, {})[name] = value
    return made


def _is_safe(text: str) -> bool:
    """Whether every JSON parser returns the same value."""
    if _SURROGATE.search(text) and _SURROGATE.search(_ESCAPED.sub("", text)):
        return False
    bare = _STRING.sub(b"", text.encode())
    if _HUGE.search(bare) or any(len(digits) > 16 or int(digits) > _WHOLE for digits in _LONG.findall(bare)):
        return False
    return not _is_deep(bare.translate(None, _NO_BRACKETS))


def _is_deep(brackets: bytes) -> bool:
    """Whether the nesting is about a hundred levels deep or more."""
    for _ in range(_DEEP):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return bool(brackets)
