"""How a deployment is chosen, and the fallbacks: LiteLLM's `router_settings`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from imagewire_server.config import fallbacks, litellm
from imagewire_server.config.fallbacks import Alias, Fallbacks, Names
from imagewire_server.config.notices import Notices
from imagewire_server.config.source import Node, nearest

STRATEGIES = ("simple-shuffle", "least-busy", "latency-based-routing")
MOST_RETRIES = 2
ENFORCE_RPM = "enforce_model_rate_limits"  # among optional_pre_call_checks


@dataclass(frozen=True, slots=True)
class Routing:
    """strategy: one of STRATEGIES. num_retries: retries of a call, if nothing was charged. cooldown_time: the cooldown
    of a failing deployment in seconds. allowed_fails: failures in a row before it. fallbacks: names by name, for errors
    and rate limits. content_policy_fallbacks: for blocked prompts. The name "*" means all other names. aliases: other
    names of models. drop_params: whether what a model does not support is left out of REST requests that do not say.
    enforces_rpm: whether a deployment's rpm is a limit, and not only its share. blocked, skipped: names that are not
    served, although a wildcard may fit them: by the file's wish, or because no provider of this server serves them.
    lost_aliases: those of the skipped names that are aliases, each with the name it stands for, which is not served.
    """

    strategy: str = "simple-shuffle"
    num_retries: int = 2
    cooldown_time: float = 5.0
    allowed_fails: int = 3
    fallbacks: Fallbacks = ()
    content_policy_fallbacks: Fallbacks = ()
    aliases: tuple[Alias, ...] = ()
    drop_params: bool = False
    enforces_rpm: bool = False
    blocked: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    lost_aliases: tuple[tuple[str, str], ...] = ()


def read(
    sections: Mapping[str, Node],
    names: frozenset[str],
    skipped: frozenset[str],
    blocked: frozenset[str],
    providers: tuple[str, ...],
    notices: Notices,
) -> Routing:
    """Read the router's settings. sections: those of the file that may have some; later ones override earlier ones.

    names: those in model_list. skipped: those of which no model is served. blocked: those of them that the file keeps
    from callers. Of `Routing.skipped`, the aliases are found
    here. Raises ConfigError.
    """
    given: dict[str, Any] = {}
    router = sections.get("router_settings")
    given_aliases = router.at("model_group_alias") if router else None
    listed = Names(names, skipped, providers)
    standing = _stand_ins(sections, given_aliases, listed, blocked, notices)
    aliases, lost = _aliases(given_aliases, listed.with_served(one.name for one in standing), notices)
    # Those of variables that are not looked up stand for a model, too.
    open_ = {
        key.text
        for key, value in (given_aliases.pairs("model_group_alias") if given_aliases else ())
        if (value.at("model") or value).is_unresolved
    }
    known = listed.with_served(open_ | {alias.name for alias in (*aliases, *standing)})
    for title, section in sections.items():
        for key, value in section.pairs(title):
            if (
                value.is_null
                or key.text in litellm.common(title)
                or (section is router and key.text == "model_group_alias")
            ):
                continue  # LiteLLM takes null as not given
            if key.text in READERS and (value.is_unresolved or notices.is_missing(key.text, value)):
                continue
            if key.text not in READERS:
                notices.other(key, value, title, (*READERS, *(["model_group_alias"] if section is router else [])))
            else:
                given |= READERS[key.text](value, known, notices)
    default = given.pop("default_fallbacks", ())
    for name in ("fallbacks", "content_policy_fallbacks"):
        own = fallbacks.of_aliases(fallbacks.settled(given.get(name, ()), standing, aliases), standing)
        given[name] = fallbacks.of_aliases(own, aliases)
    if default:
        given["fallbacks"] = (*given["fallbacks"], *fallbacks.settled((("*", default),), standing))
    answered = {one.name: one.target for one in standing}
    aliases = tuple(alias._replace(target=answered.get(alias.target, alias.target)) for alias in aliases)
    return Routing(**given, aliases=(*aliases, *standing), skipped=frozenset(dict(lost)), lost_aliases=lost)


def _stand_ins(
    sections: Mapping[str, Node], given_aliases: Node | None, names: Names, blocked: frozenset[str], notices: Notices
) -> tuple[Alias, ...]:
    """The names that are answered by their first fallback. Of several sections, the last one's fallbacks count."""
    found = [value for one in sections.values() if (value := one.at("fallbacks")) and not value.is_scalar]
    aliases, _ = _aliases(given_aliases, names, Notices())
    names = names.with_served(alias.name for alias in aliases)
    return fallbacks.stand_ins(found[-1], names, blocked, aliases, notices) if found else ()


def _strategy(value: Node, _: Names, notices: Notices) -> dict[str, Any]:
    name = value.text("routing_strategy")
    if name in STRATEGIES:
        return {"strategy": name}
    hint = "" if name in litellm.names("routing_strategy") else nearest(name, STRATEGIES)
    notices.add(f"{value.where}: routing_strategy {name!r} is not supported: simple-shuffle is used instead{hint}")
    return {}


def _num_retries(value: Node, _: Names, notices: Notices) -> dict[str, Any]:
    retries = value.whole("num_retries")
    if retries > MOST_RETRIES:
        notices.not_used(f"num_retries above {MOST_RETRIES}", "more retries only make an outage longer")
    return {"num_retries": min(retries, MOST_RETRIES)}


def _drop_params(value: Node, *_: Any) -> dict[str, Any]:
    return {"drop_params": value.flag("drop_params")}


def _checks(value: Node, _: Names, notices: Notices) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for one in value.items("optional_pre_call_checks"):
        if one.text("optional_pre_call_checks") == ENFORCE_RPM:
            given = {"enforces_rpm": True}
        else:
            notices.not_used(f"{one.where}: optional_pre_call_checks {one.text('optional_pre_call_checks')!r}")
    return given


def _default_fallbacks(value: Node, names: Names, notices: Notices) -> dict[str, Any]:
    return {"default_fallbacks": fallbacks.targets(value, "default_fallbacks", "*", names, notices)}


def _aliases(
    value: Node | None, names: Names, notices: Notices
) -> tuple[tuple[Alias, ...], tuple[tuple[str, str], ...]]:
    """Other names of models, and those that are skipped with what they stand for.

    Each is a name, or a mapping with it as `model`, and `hidden`.
    """
    found, lost = [], []
    for key, target in value.pairs("model_group_alias") if value else ():
        if target.is_null:
            continue
        name, hidden = target, False
        if target.is_mapping:
            model, kept = target.at("model"), target.at("hidden")
            if model is None:
                raise target.error("model is missing; add the model_name that the alias stands for")
            name, hidden = model, _is_hidden(f"model_group_alias.{key.text}.hidden", kept, notices)
        if not key.text.isprintable():
            raise key.error("an alias must be printable, because it is sent in trailers")
        if name.is_unresolved or notices.is_missing(f"model_group_alias.{key.text}", name):
            continue
        text = name.text(f"model_group_alias.{key.text}")
        if why := names.missing(text):
            notices.add(f"{name.where}: the alias {key.text!r} is skipped: it stands for {text!r}, {why}")
            lost.append((key.text, text))
        else:
            found.append(Alias(key.text, text, hidden))
    return tuple(found), tuple(lost)


def _is_hidden(name: str, value: Node | None, notices: Notices) -> bool:
    return value is not None and not notices.is_missing(name, value) and value.flag(name)


READERS: dict[str, Callable[[Node, Names, Notices], dict[str, Any]]] = {
    "routing_strategy": _strategy,
    "num_retries": _num_retries,
    "cooldown_time": lambda value, *_: {"cooldown_time": value.number("cooldown_time")},
    "allowed_fails": lambda value, *_: {"allowed_fails": value.whole("allowed_fails")},
    "default_fallbacks": _default_fallbacks,
    "drop_params": _drop_params,
    "optional_pre_call_checks": _checks,
    "fallbacks": lambda value, *more: {"fallbacks": fallbacks.read(value, "fallbacks", *more)},
    "content_policy_fallbacks": lambda value, *more: {
        "content_policy_fallbacks": fallbacks.read(value, "content_policy_fallbacks", *more)
    },
}
