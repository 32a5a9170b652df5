"""How a deployment is chosen and what stands in for it: LiteLLM's `router_settings`."""

from dataclasses import dataclass

from imagewire_server.config.litellm import Warn, unserved
from imagewire_server.config.source import Node

STRATEGIES = ("simple-shuffle", "least-busy", "latency-based-routing")
_KEYS = ("routing_strategy", "num_retries", "fallbacks", "content_policy_fallbacks", "cooldown_time", "allowed_fails")

Fallbacks = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Routing:
    """strategy: of STRATEGIES. num_retries: repeats of a call, where they are free. cooldown_time: seconds a failing
    deployment is left alone; allowed_fails: failures in a row before that. fallbacks: names by name, for trouble and
    rate limits; content_policy_fallbacks: for blocked prompts. A name "*" stands for every other.
    """

    strategy: str = "simple-shuffle"
    num_retries: int = 2
    cooldown_time: float = 5.0
    allowed_fails: int = 3
    fallbacks: Fallbacks = ()
    content_policy_fallbacks: Fallbacks = ()


def read(section: Node, names: frozenset[str], warn: Warn) -> Routing:
    """The router's settings. names: what model_list offers. Raises ConfigError."""
    given: dict[str, object] = {}
    for key, value in section.pairs("router_settings"):
        match key.text:
            case "routing_strategy":
                given["strategy"] = value.choice(key.text, STRATEGIES)
            case "num_retries":
                given["num_retries"] = value.whole(key.text)
                if given["num_retries"] not in {0, 1, 2}:
                    raise value.error("num_retries must be 0, 1 or 2: more repeats only lengthen an outage")
            case "cooldown_time":
                given["cooldown_time"] = value.number(key.text)
            case "allowed_fails":
                given["allowed_fails"] = value.whole(key.text)
            case "fallbacks" | "content_policy_fallbacks":
                given[key.text] = _fallbacks(value, key.text, names)
            case name if name in unserved("router_settings"):
                warn(f"router_settings.{name}")
            case _:
                raise key.unknown(_KEYS, "router_settings")
    return Routing(**given)  # type: ignore[arg-type]  # each value was read by its key


def _fallbacks(value: Node, what: str, names: frozenset[str]) -> Fallbacks:
    found: dict[str, tuple[str, ...]] = {}
    for item in value.items(what):
        for key, targets in item.pairs(what):
            if key.text in found:
                raise key.error(f"{what} name {key.text!r} twice; join them in one list")
            chosen = []
            for target in targets.items(f"{what} of {key.text}"):
                name = target.text(what)
                if name == key.text:
                    raise target.error(f"{name!r} cannot stand in for itself")
                if not _offered(name, names):
                    raise target.error(f"{what} name {name!r}, which no model_name of model_list offers")
                chosen.append(name)
            if key.text != "*" and not _offered(key.text, names):
                raise key.error(f"{what} name {key.text!r}, which no model_name of model_list offers")
            found[key.text] = tuple(chosen)
    return tuple(found.items())


def _offered(name: str, names: frozenset[str]) -> bool:
    def fits(pattern: str) -> bool:
        before, star, after = pattern.partition("*")
        return bool(star) and name.startswith(before) and name.endswith(after)

    return name in names or any(fits(pattern) for pattern in names)
