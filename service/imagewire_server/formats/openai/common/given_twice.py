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
_LONGEST, _MOST = 200, 32  # characters of a name, and names
# The fields in which names are searched too: they hold guards of the provider's.
_GUARDS = ("extra_body", "safety_settings", "safetySettings")


class _Name(str):
    """A field's name. The decoder reports each one, as it is no plain text."""

    __slots__ = ()


def of_body(body: json_scan.Json) -> list[Violation]:
    """The fields of the top level that are given twice, and those of Google's guards. The body is valid JSON."""
    names: list[str] = []

    def name(_: type[_Name], text: str) -> _Name:
        names.append(text)
        return _Name(text)

    # As Raw, values are skipped, not decoded: a picture costs no memory.
    values = msgspec.json.decode(body, type=dict[_Name, msgspec.Raw], dec_hook=name)
    found = [Violation(twice, WORDS) for twice in _repeated(names)]
    for guard in _GUARDS:
        if (value := values.get(_Name(guard))) is not None:
            found += of_text(bytes(value), guard)
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


def _repeated(names: Iterable[str]) -> list[str]:
    """The names that are there more than once, each once."""
    return [name[:_LONGEST] or EMPTY for name, times in Counter(names).items() if times > 1][:_MOST]
