"""The texts of an answer: prose, or the JSON that the request asks for."""

import json
from collections.abc import Sequence
from typing import Any

from imagewire_emulator.examples import example

_PROSE = (
    "Here's the image you requested:",
    "And a second view of it:",
    "Tell me what to change <next> & I'll edit it.",
)
_UNICODE = 'Line\u2028separator, \u2029paragraph, emoji \U0001f34c, quotes "data":" and a \\ backslash'
JSON_TYPES = ("application/json", "text/x.enum")


def texts(layout: Sequence[str], request: dict[str, Any]) -> list[str]:
    """The texts of a layout, in their order."""
    made: list[str] = []
    number = 0
    for kind in layout:
        if kind == "unicode":
            made.append(_UNICODE)
        elif kind == "text":
            made.append(structured(request) or _PROSE[number % len(_PROSE)])
            number += 1
    return made


def structured(request: dict[str, Any]) -> str:
    """The JSON that fits the request's schema, or the value of its enum; "" if prose is asked for."""
    config = request.get("generationConfig", {})
    if (kind := config.get("responseMimeType")) not in JSON_TYPES:
        return ""
    value = example(config.get("responseSchema", config.get("responseJsonSchema", {"type": "OBJECT"})))
    return str(value) if kind == "text/x.enum" else json.dumps(value, ensure_ascii=False)
