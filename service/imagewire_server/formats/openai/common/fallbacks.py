"""LiteLLM's `fallbacks` of a request: the models that are asked in turn if the first one fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from imagewire_server.contract.errors import NotFound, Violation
from imagewire_server.contract.provider import Capabilities

# The capabilities of a model, by the caller's name of it. Raises NotFound.
CapabilitiesOf = Callable[[str], Capabilities]

_OWN = (
    "has parameters of its own, which is not supported: name a model; its parameters may be in the litellm_params of a"
    " model in the server's file"
)


@dataclass(slots=True)
class Fallbacks:
    """names: of the models, None if the request does not choose them. dropped: items that drop_params left out."""

    names: list[str] | None = None
    violations: list[Violation] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def read(given: Sequence[str | dict[str, Any]] | None, capabilities: CapabilitiesOf, *, drops: bool) -> Fallbacks:
    """Read the list: each item is a name or {"model": name}. drops: items that are not supported are left out."""
    if given is None:
        return Fallbacks()
    names: list[str] = []
    found = Fallbacks(names)
    for i, item in enumerate(given):
        place = f"fallbacks[{i}]"
        name = item if isinstance(item, str) else item.get("model")
        if not isinstance(name, str):
            found.violations.append(Violation(place, 'must be the name of a model, or {"model": name}'))
            continue
        words = _OWN if not isinstance(item, str) and len(item) > 1 else _unknown(name, capabilities)
        if not words:
            names.append(name)
        elif drops:
            found.dropped.append(place)
        else:
            found.violations.append(Violation(place, words))
    return found


def _unknown(name: str, capabilities: CapabilitiesOf) -> str:
    """Why a model cannot be asked, "" if it can be."""
    try:
        capabilities(name)
    except NotFound as error:
        return error.message
    return ""
