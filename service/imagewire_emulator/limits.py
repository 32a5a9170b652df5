"""Where an answer ends early: at maxOutputTokens, or at a stop sequence in one of its texts."""

from dataclasses import replace
from typing import Any

from imagewire_emulator.models import Model
from imagewire_emulator.plan import Plan
from imagewire_emulator.texts import texts
from imagewire_emulator.usage import TEXT_TOKENS, picture_tokens, thought_tokens

_UNLIMITED = 1 << 31


def limited(plan: Plan, wanted: dict[str, Any], model: Model) -> Plan:
    """The plan of an answer that ends where the request says. What comes behind is neither sent nor drawn."""
    config = wanted.get("generationConfig", {})
    stops, most = [stop for stop in config.get("stopSequences", ()) if stop], config.get("maxOutputTokens")
    if plan.finish != "STOP" or plan.block or (most is None and not stops):
        return plan
    left = _UNLIMITED if most is None else most - thought_tokens(model)
    if left <= 0:
        return replace(plan, layout=(), finish="MAX_TOKENS", most_tokens=most, spent=True)
    said, picture = texts(plan.layout, wanted), picture_tokens(plan, wanted, model)
    number = 0
    for at, kind in enumerate(plan.layout):
        if kind in ("text", "unicode"):
            text = said[number]
            number += 1
            ends = [place for stop in stops if (place := text.find(stop)) >= 0]
            if ends:
                return replace(plan, layout=plan.layout[: at + 1], last_text=text[: min(ends)], most_tokens=most or 0)
            if left < TEXT_TOKENS:
                shown = text[: len(text) * left // TEXT_TOKENS]
                return _at_the_limit(plan, at + bool(left), shown if left else None, most)
            left -= TEXT_TOKENS
        elif kind == "image":
            if left < picture:
                return _at_the_limit(plan, at, None, most)
            left -= picture
    return replace(plan, most_tokens=most or 0)


def _at_the_limit(plan: Plan, end: int, text: str | None, most: int) -> Plan:
    return replace(plan, layout=plan.layout[:end], last_text=text, finish="MAX_TOKENS", most_tokens=most)
