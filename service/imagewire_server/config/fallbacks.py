"""Which models stand in for others: the fallbacks of a file, by the names that callers use."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from imagewire_server.config.name_patterns import fits
from imagewire_server.config.notices import Notices
from imagewire_server.config.source import FROM_ENV, Key, Node, nearest

Fallbacks = tuple[tuple[str, tuple[str, ...]], ...]
_KEY = "fallbacks"


class Alias(NamedTuple):
    """Another name of a model_name. hidden: whether it is left out where models are listed."""

    name: str
    target: str
    hidden: bool


class Names(NamedTuple):
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

    def with_served(self, more: Iterable[str]) -> "Names":
        """The same with more names that are served."""
        return self._replace(served=self.served | frozenset(more))

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


def of_aliases(fallbacks: Fallbacks, aliases: Iterable[Alias]) -> Fallbacks:
    """The fallbacks, with those of each alias that has none of its own: they are those of the name it stands for."""
    known = dict(fallbacks)
    added = {alias.name: known[alias.target] for alias in aliases if alias.target in known}
    return tuple({**added, **known}.items())


def read(value: Node, what: str, names: Names, notices: Notices) -> Fallbacks:
    """Read the fallbacks of a file. what: their key. names: those that may be named. Raises ConfigError."""
    found: dict[str, tuple[str, ...]] = {}
    stripped: dict[str, tuple[str, ...]] = {}  # as in LiteLLM: those of a name hold with its provider in front, too
    for item in value.items(what):
        for key, given in item.pairs(what):
            if key.text in found:
                raise key.error(f"{what} name {key.text!r} twice; merge them into one list")
            longer = [] if "*" in key.text else names.with_provider(key.text)
            why = "" if key.text == "*" or longer else names.missing(key.text)
            if why:
                notices.add(f"{key.where}: {what} of {key.text!r}, {why}, are skipped")
                continue
            if chosen := targets(given, what, key.text, names, notices):
                found[key.text] = chosen
                stripped |= dict.fromkeys(longer, chosen)
    return tuple({**stripped, **found}.items())


def targets(value: Node, what: str, source: str, names: Names, notices: Notices) -> tuple[str, ...]:
    """Read the names that stand in for one, or for all others. source: that name. Raises ConfigError."""
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


def stand_ins(
    value: Node, names: Names, blocked: frozenset[str], aliases: Iterable[Alias], notices: Notices
) -> tuple[Alias, ...]:
    """Names that are not served but have fallbacks, each as an alias of the first one, which is told.

    value: the fallbacks. blocked: names that the file keeps from callers. aliases: those of names that are served.
    """
    found: dict[str, str] = {}
    known = {alias.name: alias.target for alias in aliases}
    open_ = [(key, given) for key, given in _pairs(value) if _may_stand_for(key.text, names, blocked)]
    while open_:
        chosen = {key.text: one for key, given in open_ if (one := targets(given, _KEY, key.text, names, Notices()))}
        for key, _ in open_:
            if key.text in chosen:
                first = chosen[key.text][0]
                words = f"{key.text!r}, {names.missing(key.text)}, is answered by its first fallback, {first!r}"
                notices.add(f"{key.where}: {words}")
                found[key.text] = found.get(first, known.get(first, first))
        open_ = [(key, given) for key, given in open_ if key.text not in found] if chosen else []
        names = names.with_served(chosen)
    return tuple(Alias(name, target, hidden=True) for name, target in found.items())


def _pairs(value: Node) -> Iterator[tuple[Key, Node]]:
    return (pair for item in value.items(_KEY) for pair in item.pairs(_KEY))


def _may_stand_for(name: str, names: Names, blocked: frozenset[str]) -> bool:
    named = name.isprintable() and "*" not in name and name not in blocked
    return named and bool(names.missing(name)) and not names.with_provider(name)


def settled(given: Fallbacks, standing: Iterable[Alias], aliases: Iterable[Alias] = ()) -> Fallbacks:
    """The fallbacks by the names of models, each once, without what is asked before in any case."""
    answers = {alias.name: alias.target for alias in standing}
    others = {alias.name: alias.target for alias in aliases}
    found = {}
    for name, chosen in given:
        asked = {name, answers.get(name, name)}
        asked |= {other for other, target in others.items() if name in answers and target in asked}
        found[name] = tuple(one for one in dict.fromkeys(answers.get(one, one) for one in chosen) if one not in asked)
    return tuple((name, chosen) for name, chosen in found.items() if chosen)
