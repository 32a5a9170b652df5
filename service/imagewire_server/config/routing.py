"""How a deployment is chosen, and the fallbacks: LiteLLM's `router_settings`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from imagewire_server.config import litellm
from imagewire_server.config.name_patterns import fits
from imagewire_server.config.notices import Notices
from imagewire_server.config.source import FROM_ENV, Node, nearest

STRATEGIES = ("simple-shuffle", "least-busy", "latency-based-routing")
MOST_RETRIES = 2
ENFORCE_RPM = "enforce_model_rate_limits"  # among optional_pre_call_checks

Fallbacks = tuple[tuple[str, tuple[str, ...]], ...]


class Alias(NamedTuple):
    """Another name of a model_name. hidden: whether it is left out where models are listed."""

    name: str
    target: str
    hidden: bool


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


class _Names(NamedTuple):
    """The model names that settings may name. skipped: those of model_list of which no deployment is served.

    providers: their names, with which a model is called where a pattern such as gemini/* serves it.
    """

    served: frozenset[str]
    skipped: frozenset[str]
    providers: tuple[str, ...] = ()

    def with_provider(self, name: str) -> list[str]:
        """The names that patterns serve, and that are a name with a provider in front."""
        if name in self.skipped or name.partition("/")[0] in self.providers:
            return []
        patterns = self.served - {"*"}
        longer = [f"{provider}/{name}" for provider in self.providers]
        return [one for one in longer if not self.missing(one) and any(fits(pattern, one) for pattern in patterns)]

    def missing(self, name: str) -> str:
        """Why a name is not served, "" if it is."""
        if "*" in name:
            return "which stands for many names: name one of them"
        if name in self.served or any(one.startswith(FROM_ENV) for one in self.served):  # it may be that one
            return ""
        if name in self.skipped:  # also if a wildcard fits: the file means this model
            return "whose models are skipped"
        if any(fits(pattern, name) for pattern in self.served):
            return ""
        if any(fits(pattern, name) for pattern in self.skipped):
            return "whose models are skipped"
        return f"which is not a model_name in model_list{nearest(name, self.served)}"


def read(
    sections: Mapping[str, Node],
    names: frozenset[str],
    skipped: frozenset[str],
    providers: tuple[str, ...],
    notices: Notices,
) -> Routing:
    """Read the router's settings. sections: those of the file that may have some; later ones override earlier ones.

    names: those in model_list. skipped: those of which no model is served. Of `Routing.skipped`, the aliases are found
    here. Raises ConfigError.
    """
    given: dict[str, Any] = {}
    router = sections.get("router_settings")
    given_aliases = router.at("model_group_alias") if router else None
    aliases, lost = _aliases(given_aliases, _Names(names, skipped, providers), notices)
    # Those of variables that are not looked up stand for a model, too.
    open_ = {
        key.text
        for key, value in (given_aliases.pairs("model_group_alias") if given_aliases else ())
        if (value.at("model") or value).is_unresolved
    }
    known = _Names(names | open_ | {alias.name for alias in aliases}, skipped, providers)
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
        given[name] = _of_aliases(given.get(name, ()), aliases)
    if default:
        given["fallbacks"] = (*given["fallbacks"], ("*", default))
    return Routing(**given, aliases=aliases, skipped=frozenset(dict(lost)), lost_aliases=lost)


def _of_aliases(fallbacks: Fallbacks, aliases: Iterable[Alias]) -> Fallbacks:
    """The fallbacks, with those of each alias that has none of its own: they are those of the name it stands for."""
    known = dict(fallbacks)
    added = {alias.name: known[alias.target] for alias in aliases if alias.target in known}
    return tuple({**added, **known}.items())


def _strategy(value: Node, _: _Names, notices: Notices) -> dict[str, Any]:
    name = value.text("routing_strategy")
    if name in STRATEGIES:
        return {"strategy": name}
    hint = "" if name in litellm.names("routing_strategy") else nearest(name, STRATEGIES)
    notices.add(f"{value.where}: routing_strategy {name!r} is not supported: simple-shuffle is used instead{hint}")
    return {}


def _num_retries(value: Node, _: _Names, notices: Notices) -> dict[str, Any]:
    retries = value.whole("num_retries")
    if retries > MOST_RETRIES:
        notices.not_used(f"num_retries above {MOST_RETRIES}", "more retries only make an outage longer")
    return {"num_retries": min(retries, MOST_RETRIES)}


def _drop_params(value: Node, *_: Any) -> dict[str, Any]:
    return {"drop_params": value.flag("drop_params")}


def _checks(value: Node, _: _Names, notices: Notices) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for one in value.items("optional_pre_call_checks"):
        if one.text("optional_pre_call_checks") == ENFORCE_RPM:
            given = {"enforces_rpm": True}
        else:
            notices.not_used(f"{one.where}: optional_pre_call_checks {one.text('optional_pre_call_checks')!r}")
    return given


def _default_fallbacks(value: Node, names: _Names, notices: Notices) -> dict[str, Any]:
    return {"default_fallbacks": _targets(value, "default_fallbacks", "*", names, notices)}


def _aliases(
    value: Node | None, names: _Names, notices: Notices
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


READERS: dict[str, Callable[[Node, _Names, Notices], dict[str, Any]]] = {
    "routing_strategy": _strategy,
    "num_retries": _num_retries,
    "cooldown_time": lambda value, *_: {"cooldown_time": value.number("cooldown_time")},
    "allowed_fails": lambda value, *_: {"allowed_fails": value.whole("allowed_fails")},
    "default_fallbacks": _default_fallbacks,
    "drop_params": _drop_params,
    "optional_pre_call_checks": _checks,
    "fallbacks": lambda value, *more: {"fallbacks": _fallbacks(value, "fallbacks", *more)},
    "content_policy_fallbacks": lambda value, *more: {
        "content_policy_fallbacks": _fallbacks(value, "content_policy_fallbacks", *more)
    },
}


def _fallbacks(value: Node, what: str, names: _Names, notices: Notices) -> Fallbacks:
    found: dict[str, tuple[str, ...]] = {}
    stripped: dict[str, tuple[str, ...]] = {}  # as in LiteLLM: those of a name hold with its provider in front, too
    for item in value.items(what):
        for key, targets in item.pairs(what):
            if key.text in found:
                raise key.error(f"{what} name {key.text!r} twice; merge them into one list")
            longer = [] if "*" in key.text else names.with_provider(key.text)
            why = "" if key.text == "*" or longer else names.missing(key.text)
            if why:
                notices.add(f"{key.where}: {what} of {key.text!r}, {why}, are skipped")
                continue
            if chosen := _targets(targets, what, key.text, names, notices):
                found[key.text] = chosen
                stripped |= dict.fromkeys(longer, chosen)
    return tuple({**stripped, **found}.items())


def _targets(value: Node, what: str, source: str, names: _Names, notices: Notices) -> tuple[str, ...]:
    chosen = []
    for target in [value] if value.is_scalar else value.items(f"{what} of {source}"):
        if target.is_mapping:
            model = target.at("model")
            own = [key.text for key, _ in target.pairs(what) if key.text != "model"]
            if model is None or own:
                words = f"is skipped: it has parameters of its own ({', '.join(own)})"
                remedy = "add a model_name with these litellm_params, and name that"
                notices.add(f"{target.where}: one of the {what} of {source!r} {words}; {remedy}")
                continue
            target = model  # noqa: PLW2901  # as if the name stood there
        if target.is_unresolved or notices.is_missing(f"one of the {what} of {source!r}", target):
            continue
        name = target.text(what)
        if name == source:
            notices.add(f"{target.where}: {name!r} is skipped as its own fallback")
        elif why := names.missing(name):
            notices.add(f"{target.where}: {what} name {name!r}, {why}; it is skipped")
        else:
            chosen.append(name)
    return tuple(chosen)
