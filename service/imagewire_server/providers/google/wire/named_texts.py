"""What a request in Google's own format names: every string of its JSON is looked at, wherever it stands.

A name that stands twice in an object, or is written with escapes, hides nothing: the text is read, not what a parser
makes of it.
"""

import json
import re

from imagewire_server.providers.google.wire.named_resources import Allowed, Refuse

_STRING = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(\s*:)?', re.DOTALL)
_NAMES = frozenset({"cachedContent", "cached_content"})
# Bytes at the beginning of a string that decide whether it names something: as many as Allowed looks at, or more.
_ENOUGH = 16 * 1024


def check_text(body: bytes, allowed: Allowed, refuse: Refuse) -> None:
    """Refuse what a body, which is JSON, names and may not, by the key in front of it."""
    key = ""
    for found in _STRING.finditer(body):
        text = _text(body, found.start(1), found.end(1))
        if found[2]:
            key = text
        if (words := allowed.wrong(text, is_name=not found[2] and bool(text) and key in _NAMES)) is not None:
            refuse(key, words)


def _text(body: bytes, begin: int, end: int) -> str:
    """The beginning of a string. Half a surrogate pair, of which no name is made, may stand in it."""
    beginning = body[begin : min(end, begin + _ENOUGH)]
    if b"\\" not in beginning:
        return beginning.decode("utf-8", "replace")
    return str(json.loads(body[begin - 1 : end + 1]))
