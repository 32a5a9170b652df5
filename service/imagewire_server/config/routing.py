"""How a deployment is chosen, and the fallbacks: LiteLLM's `router_settings`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from imagewire_server.config.litellm import Warn, unserved
from imagewire_server.config.source import Node

STRATEGIES = ("simple-shuffle", "least-busy", "latency-based-routing")
MOST_RETRIES = 2

Fallbacks = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Routing:
    """strategy: one of STRATEGIES. num_retries: retries of a call, if nothing was charged. cooldown_time: the cooldown
    of a failing deployment in seconds. allowed_fails: failures in a row before it. fallbacks: names by name, for errors
    and rate limits. content_policy_fallbacks: for blocked prompts. The name "*" means all other names.
    """

    strategy: str = "simple-shuffle"
    num_retries: int = 2
    cooldown_time: float = 5.0
    allowed_fails: int = 3
    fallbacks: Fallbacks = ()
    content_policy_fallbacks: Fallbacks = ()


def read(sections: Iterable[tuple[str, Node]], names: frozenset[str], warn: Warn) -> Routing:
    """Read the router's settings. sections: litellm_settings, which may have some of them, then router_settings.

    names: those in model_list. warn: called with LiteLLM's settings that are not supported. Raises ConfigError.
    """
    given: dict[str, Any] = {}
    for title, section in sections:
        for key, value in section.pairs(title):
            if key.text in _READERS:
                if not value.is_null:  # LiteLLM takes null as not given
                    given |= _READERS[key.text](value, names, warn)
            elif title == "litellm_settings" or key.text in unserved(title):
                warn(f"{title}.{key.text}")
            else:
                raise key.unknown(_READERS, title)
    default = given.pop("default_fallbacks", ())
    if default:
        given["fallbacks"] = (*given.get("fallbacks", ()), ("*", default))
    return Routing(**given)


def _strategy(value: Node, _: frozenset[str], warn: Warn) -> dict[str, Any]:
    if value.text("routing_strategy") in unserved("routing_strategy"):
        warn(f"routing_strategy {value.text('routing_strategy')} (simple-shuffle is used instead)")
        return {}
    return {"strategy": value.choice("routing_strategy", STRATEGIES)}


def _num_retries(value: Node, _: frozenset[str], warn: Warn) -> dict[str, Any]:
    retries = value.whole("num_retries")
    if retries > MOST_RETRIES:
        warn(f"num_retries above {MOST_RETRIES}, because more retries only make an outage longer")
    return {"num_retries": min(retries, MOST_RETRIES)}


def _default_fallbacks(value: Node, names: frozenset[str], _: Warn) -> dict[str, Any]:
    return {"default_fallbacks": _targets(value, "default_fallbacks", "*", names)}


_READERS: dict[str, Callable[[Node, frozenset[str], Warn], dict[str, Any]]] = {
    "routing_strategy": _strategy,
    "num_retries": _num_retries,
    "cooldown_time": lambda value, *_: {"cooldown_time": value.number("cooldown_time")},
    "allowed_fails": lambda value, *_: {"allowed_fails": value.whole("allowed_fails")},
    "default_fallbacks": _default_fallbacks,
    "fallbacks": lambda value, names, _: {"fallbacks": _fallbacks(value, "fallbacks", names)},
    "content_policy_fallbacks": lambda value, names, _: {
        "content_policy_fallbacks": _fallbacks(value, "content_policy_fallbacks", names)
    },
}


def _fallbacks(value: Node, what: str, names: frozenset[str]) -> Fallbacks:
    found: dict[str, tuple[str, ...]] = {}
    for item in value.items(what):
        for key, targets in item.pairs(what):
            if key.text in found:
                raise key.error(f"{what} name {key.text!r} twice; merge them into one list")
            if key.text != "*" and not _offered(key.text, names):
                raise key.error(f"{what} name {key.text!r}, which is not a model_name in model_list")
            found[key.text] = _targets(targets, what, key.text, names)
    return tuple(found.items())


def _targets(value: Node, what: str, source: str, names: frozenset[str]) -> tuple[str, ...]:
    chosen = []
    for target in value.items(f"{what} of {source}"):
        name = target.text(what)
        if name == source:
            raise target.error(f"{name!r} cannot be its own fallback")
        if not _offered(name, names):
            raise target.error(f"{what} name {name!r}, which is not a model_name in model_list")
        chosen.append(name)
    return tuple(chosen)


def _offered(name: str, names: frozenset[str]) -> bool:
    def fits(pattern: str) -> bool:
        before, star, after = pattern.partition("*")
        return bool(star) and name.startswith(before) and name.endswith(after)

    return name in names or any(fits(pattern) for pattern in names)
