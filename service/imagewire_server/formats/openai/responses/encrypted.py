"""`encrypted_content` of reasoning items: carries what must be sent back with an item, for clients that keep no others.

It is not encrypted: it holds the item's `provider_specific_fields`, which are checked like those when they come back.
"""

import json
from typing import Any

import pybase64

from imagewire_server.formats.openai.common.encoder import encoded
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder

INCLUDE = "reasoning.encrypted_content"
_OWN, _PREVIOUS = "own", "previous"
# How ours begins: other providers' content does not.
_MARKS = tuple(pybase64.b64encode(start).decode() for start in (b'{"own"', b'{"previou'))

Json = dict[str, Any]


def content(fields: Json, *, own: bool) -> str:
    """The text for some fields. own: they belong to the reasoning item; otherwise to the item before it."""
    return pybase64.b64encode(encoded({_OWN if own else _PREVIOUS: fields})).decode()


def restored(builder: SpecBuilder, items: list[Json]) -> list[Json]:
    """The items with their fields, from `encrypted_content`. What is not ours is left out, and told."""
    made = list(items)
    for i, item in enumerate(items):
        text = item.get("encrypted_content")
        if item.get("type") != "reasoning" or not isinstance(text, str):
            continue
        made[i] = {name: value for name, value in item.items() if name != "encrypted_content"}
        field = f"input[{i}].encrypted_content"
        carried = _carried(builder, text, field)
        if text and not any(isinstance(carried.get(key), dict) for key in (_OWN, _PREVIOUS)):
            if not text.startswith(_MARKS):
                builder.dropped.append(field)
            elif not builder.is_refused(field):
                builder.refuse(field, "is damaged: send it as it came, or leave it out")
        for at, key in ((i, _OWN), (i - 1, _PREVIOUS)):
            if at >= 0 and isinstance(carried.get(key), dict) and not made[at].get("provider_specific_fields"):
                made[at] = {**made[at], "provider_specific_fields": carried[key]}
    return made


def _carried(builder: SpecBuilder, text: str, field: str) -> Json:
    try:
        plain = pybase64.b64decode(text, validate=True).decode()
        carried = json.loads(plain) if builder.is_small(plain, field) else {}
    except (ValueError, RecursionError):
        return {}
    return carried if isinstance(carried, dict) else {}
