"""Which provider serves a model of LiteLLM's file, and which models are skipped because none does."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from imagewire_server.config.providers import ProviderConfig
from imagewire_server.config.source import ConfigError, Node


class Skipped(NamedTuple):
    """A model that is not served. name: its model_name. hint: a near provider's name, "" for none."""

    name: str
    model: str
    where: Node
    why: str
    hint: str = ""

    @property
    def is_everything(self) -> bool:
        """Whether it stands for all models of all providers."""
        return self.name == self.model == "*" and self.why == OTHER_PROVIDER

    @property
    def is_unread(self) -> bool:
        """Whether only the environment, which is not looked up, says which model it is."""
        return self.why == IN_ENVIRONMENT


class ModelId(NamedTuple):
    """A model that is served, by the name of its provider."""

    provider: str
    model: str


OTHER_PROVIDER = "of another provider"
IN_ENVIRONMENT = "set in the environment"
_NEAR = 0.75


def read(value: Node, chosen: str, name: str, providers: Mapping[str, ProviderConfig]) -> ModelId | Skipped:
    """Read litellm_params.model. chosen: custom_llm_provider, "" for none. name: the model_name.

    providers: by name. Raises ConfigError.
    """
    text = value.text("model")
    if value.is_unresolved:
        first, config = next(iter(providers.items()))
        return ModelId(first, config.stand_in) if config.stand_in else Skipped(name, text, value, IN_ENVIRONMENT)
    first, slash, rest = text.partition("/")
    known = {alias: provider for one in providers.values() for alias, provider in one.aliases.items()}
    if chosen:
        provider, model = known.get(chosen, chosen), rest if slash and first == chosen else text
    elif slash:
        provider, model = known.get(first, first), rest
    else:
        provider = next((claimed for one in providers.values() if (claimed := one.claims(text))), "")
        model = text
    if provider not in providers:
        return Skipped(name, text, value, OTHER_PROVIDER, _near(provider, providers))
    config = providers[provider]
    if not re.fullmatch(r"[\w.:@*-]+(/[\w.:@-]+)*", model):
        raise value.error(f"model {text!r} has no model; use one such as {provider}/{config.example}")
    if why := config.declines(provider, model):
        return Skipped(name, text, value, why)
    return ModelId(provider, model)


def told(skipped: Iterable[Skipped]) -> list[str]:
    """The warnings about skipped models: one for each reason, and one for each name that may be misspelled."""
    skipped = [one for one in skipped if not one.is_unread]
    hints = [f"{one.where.where}: {one.model!r}: did you mean {one.hint!r}?" for one in skipped if one.hint]
    return hints + [_line(why, models) for why, models in _grouped(skipped).items()]


def nothing_left(skipped: Sequence[Skipped], providers: Mapping[str, ProviderConfig]) -> ConfigError:
    """The error for a file whose models are all skipped."""
    first = next((one for one in skipped if one.hint), skipped[0])
    hint = f"; did you mean {first.hint!r}?" if first.hint else ""
    provider, config = next(iter(providers.items()))
    lines = ". ".join(_line(why, models) for why, models in _grouped(skipped).items())
    return first.where.error(
        f"no model of model_list can be served: {lines}; add one such as {provider}/{config.example}{hint}"
    )


def _grouped(skipped: Iterable[Skipped]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for one in skipped:
        found.setdefault(one.why, {})[f"{one.name} ({one.model})"] = None
    return {why: list(models) for why, models in found.items()}


def _line(why: str, models: list[str]) -> str:
    number = "1 model" if len(models) == 1 else f"{len(models)} models"
    return f"{number} {why}, skipped: {', '.join(models)}"


def _near(provider: str, providers: Iterable[str]) -> str:
    close = difflib.get_close_matches(provider, list(providers), n=1, cutoff=_NEAR)
    return close[0] if close else ""
