"""How much a model thinks, in the words of OpenAI and of Anthropic, both of which LiteLLM takes. Sans-IO."""

from collections.abc import Mapping
from typing import Any

from imagewire.errors import invalid

_SHAPE = 'must be {"type": "enabled", "budget_tokens": …} or {"type": "disabled"}'


def thinking(effort: str | None, given: Mapping[str, Any] | None) -> tuple[int | None, str]:
    """The thinking budget, None for the model's own, and the thinking level, "" likewise. Raises InvalidRequest."""
    off = effort in {"none", "disable"}
    level = "" if off or effort in {None, "default"} else str(effort).upper()
    if given is None:
        return (0 if off else None), level
    match dict(given):
        case {"type": "disabled", **rest} if not rest:
            budget: int | None = 0
        case {"type": "enabled", "budget_tokens": int(tokens), **rest} if not rest and not isinstance(tokens, bool):
            budget = tokens
        case {"type": "enabled", **rest} if not rest:
            budget = None
        case _:
            raise invalid("thinking", _SHAPE)
    if (level or off) and not (off and budget == 0):
        raise invalid("thinking", "contradicts reasoning_effort; set only one of them")
    return budget, level
