"""Deployments: which upstream serves a model name. They are read from LiteLLM's `model_list`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from imagewire_server.config import credentials, deployment_params, litellm, model_guards, model_ids, prices
from imagewire_server.config.model_ids import Skipped
from imagewire_server.config.notices import Notices
from imagewire_server.config.prices import Prices
from imagewire_server.config.providers import Options, ProviderConfig
from imagewire_server.config.settings import Settings, wrong_cache_ttl
from imagewire_server.config.source import ConfigError, Node

_KEYS = ("model_name", "litellm_params", "model_info")
_CACHE_TTL = "cache_ttl"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One way to serve a model name. name and model may contain "*". weight, rpm, tpm: None if not given.

    part_of: the model_name that it is one part of, where a file has `model: "*"`, else "". model: the provider's id.
    options: the provider's own options. defaults: fields of requests that apply where a caller sets none, as JSON; ""
    for none. prices: those that the file has for it. cache_ttl: as in Settings, None for that.
    """

    id: str
    name: str
    provider: str
    model: str
    options: Options
    weight: float | None = None
    rpm: float | None = None
    tpm: float | None = None
    defaults: str = field(default="", repr=False)
    prices: Prices = ()
    cache_ttl: float | None = None
    part_of: str = ""

    def without_share(self) -> "Deployment":
        """Everything except how often it is chosen, and how long its answers are sent again."""
        return replace(self, weight=None, rpm=None, tpm=None, cache_ttl=None)


class ModelList(NamedTuple):
    """What a model_list has. skipped: the models that no provider of this server serves.

    places: the entries of deployments by their ids, as far as they are in a file.
    """

    deployments: tuple[Deployment, ...]
    skipped: tuple[Skipped, ...] = ()
    places: Mapping[str, Node] = MappingProxyType({})


class _Reader(NamedTuple):
    """What is needed to read the entries. providers: by their names."""

    providers: Mapping[str, ProviderConfig]
    settings: Settings
    credentials: Mapping[str, Node]
    common: Mapping[str, Node]
    notices: Notices


def read(
    section: Node,
    providers: Iterable[ProviderConfig],
    settings: Settings,
    named: Mapping[str, Node],
    common: Mapping[str, Node],
    everything: Callable[[], Sequence[Deployment]],
    notices: Notices,
) -> ModelList:
    """Read a model_list. settings: the defaults of a provider's keys. named: credentials by name.

    common: values of keys that deployments of any provider may have. everything: what `model: "*"` stands for, all
    models of each provider with credentials in the environment. Raises ConfigError.
    """
    by_name = {name: provider for provider in providers for name in provider.names}
    reader = _Reader(by_name, settings, named, common, notices)
    entries = list(section.items("model_list"))
    if not entries:
        raise section.error(
            "model_list is empty: add a model, or remove model_list to serve all models of the providers that have"
            " credentials in the environment"
        )
    found = [_entry(entry, number, reader) for number, entry in enumerate(entries)]
    places = {one.id: entry for one, entry in zip(found, entries, strict=True) if isinstance(one, Deployment)}
    deployments = tuple(one for one in found if isinstance(one, Deployment))
    skipped = tuple(one for one in found if isinstance(one, Skipped))
    if any(one.is_everything for one in skipped) and (all_models := everything()):
        deployments += tuple(replace(one, part_of="*") for one in all_models)
        skipped = tuple(one for one in skipped if not one.is_everything)
    every = next((one for one in skipped if one.is_everything), None)
    if every and not deployments:
        variables = dict.fromkeys(one.variable for provider in by_name.values() for one in provider.set_up)
        raise every.where.error(
            "model '*' stands for all models of the providers with credentials in the environment, and there are none:"
            f" set {' or '.join(variables)}"
        )
    if skipped and not deployments and not any(one.is_unread for one in skipped):
        raise model_ids.nothing_left(skipped, reader.providers)
    for words in model_ids.told(skipped):
        notices.add(words)
    return ModelList(deployments, skipped, places)


def _entry(entry: Node, number: int, reader: _Reader) -> Deployment | Skipped:
    name, params, info = "", None, None
    for key, value in entry.pairs("an entry of model_list"):
        if key.text == "model_name":
            name = value.text("model_name")
        elif key.text == "litellm_params":
            params = value
        elif key.text == "model_info":
            info = value
        elif value.is_null or key.text in model_guards.KEYS:
            continue
        elif litellm.has("model_list", key.text):
            reader.notices.not_used(f"model_list[].{key.text}")
        else:
            raise key.unknown(_KEYS, "model_list")
    if not name:
        raise entry.error("model_name is missing; add the name that callers use")
    if params is None:
        raise entry.error("litellm_params is missing; add at least its 'model'")
    if model_guards.is_blocked(entry):
        return Skipped(name, params.peek("model"), params, model_guards.BLOCKED)
    params = credentials.taken(params, reader.credentials, reader.notices)
    told = len(reader.notices.unknown)
    read = deployment_params.read(params, name, reader.providers, reader.common, reader.notices)
    if isinstance(read, Skipped):
        if read.is_everything:
            model_guards.check_open(entry, name)
            _tell_unused(params, info, reader.notices)
        return read
    model_guards.check_open(entry, name)
    own = _info(info, reader) if info else _Info()
    if not (name + own.id).isprintable() or "," in own.id:
        raise entry.error(
            "model_name and id must be printable, and an id must have no comma, because they are sent in trailers"
        )
    provider, model = read.given["provider"], read.given["model"]
    stars, named = model.count("*"), name.count("*")
    if stars not in (0, named):
        has = f"has {stars} '*'" if named else "has a '*'"
        raise params.error(f"model {provider}/{model} {has}, but model_name {name!r} has {named or 'none'}")
    try:
        options = reader.providers[provider].options(provider, model, read.own, reader.settings, params)
    except ConfigError as error:  # the missing key may be a misspelled one
        raise ConfigError(". ".join((str(error), *reader.notices.unknown[told:]))) from None
    # Those of litellm_params override those of model_info, as in LiteLLM.
    read.given["prices"] = tuple({**dict(own.prices), **dict(read.given["prices"])}.items())
    ident = own.id or f"{name}:{provider}:{number}"
    return Deployment(id=ident, name=name, options=options, cache_ttl=own.cache_ttl, **read.given)


def _tell_unused(params: Node, info: Node | None, notices: Notices) -> None:
    """Of a model "*", other keys do not reach the providers' models. Raises ConfigError for one that guards."""
    for key, value in params.pairs("litellm_params"):
        if key.text != "model" and not value.is_null:
            if "safety" in key.text:
                raise key.error(f"{key.text} is not supported for model '*'; name a provider's models, as gemini/*")
            notices.not_used(f"litellm_params.{key.text} of model '*'")
    for key, value in info.pairs("model_info") if info else ():
        if key.text in (_CACHE_TTL, *prices.KEYS) and not value.is_null:
            notices.not_used(f"model_info.{key.text} of model '*'", "name a provider's models, as gemini/*")


class _Info(NamedTuple):
    """What model_info has. id: "" for none."""

    id: str = ""
    prices: Prices = ()
    cache_ttl: float | None = None


def _info(info: Node, reader: _Reader) -> _Info:
    found, costs, ttl = "", [], None
    for key, value in info.pairs("model_info"):
        if key.text in ("id", _CACHE_TTL, *prices.KEYS) and reader.notices.is_missing(f"model_info.{key.text}", value):
            continue
        if key.text == "id":
            found = "" if value.is_null else value.text("id")
        elif key.text in prices.KEYS:
            if not value.is_null:
                costs.append(prices.read(key.text, value))
        elif key.text == _CACHE_TTL:
            ttl = None if value.is_null else _cache_ttl(value, reader.settings)
        elif key.text in litellm.names("model_info_asks") or not (value.is_null or litellm.has("model_info", key.text)):
            reader.notices.other(key, value, "model_info", ("id", _CACHE_TTL, *prices.KEYS))
    return _Info(found, tuple(costs), ttl)


def _cache_ttl(value: Node, given: Settings) -> float:
    found = value.number(_CACHE_TTL)
    if error := wrong_cache_ttl(found, given):
        raise value.error(f"{_CACHE_TTL} {error}")
    return found
