"""Finds fields that a JSON body has twice. Decoders take the last one, so that a guard may be gone without a word."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from imagewire_server.contract import json_scan
from imagewire_server.contract.errors import Violation
from imagewire_server.formats.openai.common.json_decode import EMPTY

WORDS = "is given twice; send it once"
_FEW_QUOTES = 256
_LONGEST, _MOST = 200, 32  # characters of a name, and names
_BACKSLASH = 0x5C


class _Value:
    """Any value; the decoder reports each one."""


class _Inside(msgspec.Struct):
    """The fields in which names are searched too: they hold guards of the provider's."""

    extra_body: msgspec.Raw = msgspec.Raw()
    safety_settings: msgspec.Raw = msgspec.Raw()
    safety_settings_: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="safetySettings")


def of_body(body: json_scan.Json) -> list[Violation]:
    """The fields of the top level that are given twice, and those of Google's guards. The body is valid JSON."""
    found = [Violation(name, WORDS) for name in _top(body)]
    if b'"extra_body"' in body or b'"safety_settings"' in body or b'"safetySettings"' in body:
        inside = msgspec.json.decode(body, type=_Inside)
        for field in msgspec.structs.fields(_Inside):
            found += of_text(bytes(getattr(inside, field.name)), field.encode_name)
    return found


def of_text(text: str | bytes, place: str) -> list[Violation]:
    """The names that any object in a JSON text has twice. place: the field with the text."""
    found: list[Violation] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        if not found:
            found.extend(Violation(f"{place}.{name}", WORDS) for name in _repeated(name for name, _ in pairs))

    try:
        json.loads(text or "null", object_pairs_hook=look)
    except (ValueError, RecursionError):
        return []  # the decoder tells what is wrong
    return found


def _top(body: json_scan.Json) -> list[str]:
    if body.count(b'"') <= _FEW_QUOTES:
        return _repeated(_names(body))
    values = 0

    def count(_kind: object, _value: object) -> _Value:
        nonlocal values
        values += 1
        return _Value()

    by_name = msgspec.json.decode(body, type=dict[str, _Value], dec_hook=count)
    if values == len(by_name):
        return []
    of_object: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> None:
        nonlocal of_object
        of_object = pairs  # the last object that ends is the body itself

    json.loads(body, object_pairs_hook=keep)
    return _repeated(name for name, _ in of_object)


def _repeated(names: Iterable[str]) -> list[str]:
    """The names that are there more than once, each once."""
    return [name[:_LONGEST] or EMPTY for name, times in Counter(names).items() if times > 1][:_MOST]


def _names(body: json_scan.Json) -> list[str]:
    """The names of the top level. Texts are skipped at the speed of C, because a picture is a long one."""
    names: list[str] = []
    depth, after = 0, 0
    while (begin := body.find(b'"', after)) >= 0:
        between = body[after:begin]
        depth += between.count(b"{") + between.count(b"[") - between.count(b"}") - between.count(b"]")
        end = _end(body, begin + 1)
        if depth == 1 and b":" not in between.rpartition(b",")[2]:
            names.append(msgspec.json.decode(body[begin : end + 1], type=str))
        after = end + 1
    return names


def _end(body: json_scan.Json, begin: int) -> int:
    """Where the text that begins here ends: at a quote before which the number of backslashes is even."""
    at = begin
    while True:
        end = body.find(b'"', at)
        if body[end - 1] != _BACKSLASH:
            return end
        before = body[at:end]
        if (len(before) - len(before.rstrip(b"\\"))) % 2 == 0:
            return end
        at = end + 1
