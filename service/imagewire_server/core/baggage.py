"""W3C's baggage: of what a caller sends along, only the names that the operator allows."""

import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import quote, unquote

# A name is a token of HTTP; a value has no space, quote, comma, semicolon or backslash, and %XX for any other byte.
_ENTRY = re.compile(
    r"[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*)[ \t]*(?:;.*)?",
    re.ASCII | re.DOTALL,
)
_LONGEST = 8192  # characters, of all headers: W3C's limit
_LONGEST_VALUE = 256
# What a value may hold as it is.
_SAFE = "!#$&'()*+-./:<=>?@[]^_`{|}~"


def baggage(values: Sequence[str], allowed: Collection[str]) -> dict[str, str]:
    """The allowed entries of the headers, decoded; without what is malformed or longer than 256 characters.

    Of two entries with one name the last counts.
    """
    text = ",".join(values)
    if not allowed or len(text) > _LONGEST:
        return {}
    found: dict[str, str] = {}
    for entry in text.split(","):
        given = _ENTRY.fullmatch(entry)
        if given is None or given[1] not in allowed:
            continue
        value = unquote(given[2], errors="replace")
        if len(value) <= _LONGEST_VALUE and value.isprintable():
            found[given[1]] = value
    return found


def header(entries: Mapping[str, str]) -> str:
    """The header of entries."""
    return ",".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in entries.items())
