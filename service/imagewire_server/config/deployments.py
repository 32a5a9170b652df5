"""Deployments: which upstream serves a model name. They are read from LiteLLM's `model_list`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from imagewire_server.config.litellm import Warn, unserved
from imagewire_server.config.providers import Options, ProviderConfig
from imagewire_server.config.settings import Settings
from imagewire_server.config.source import Node, nearest


@dataclass(frozen=True, slots=True)
class Deployment:
    """One way to serve a model name. name and model may contain one "*". weight, rpm, tpm: None if not given.

    model: the provider's id. options: the provider's own options.
    """

    id: str
    name: str
    provider: str
    model: str
    options: Options
    weight: float | None = None
    rpm: float | None = None
    tpm: float | None = None

    def without_share(self) -> "Deployment":
        """Everything except how often it is chosen."""
        return replace(self, weight=None, rpm=None, tpm=None)


# The keys under litellm_params that every provider has: the server itself serves them.
PARAMS = ("model", "weight", "rpm", "tpm")


class _Reader(NamedTuple):
    """What is needed to read the entries. providers: by their names."""

    providers: Mapping[str, ProviderConfig]
    settings: Settings
    warn: Warn


def read(section: Node, providers: Iterable[ProviderConfig], settings: Settings, warn: Warn) -> tuple[Deployment, ...]:
    """Read the deployments of a model_list. settings: the defaults of a provider's keys.

    warn: called with each key of LiteLLM that is not supported. Raises ConfigError.
    """
    reader = _Reader({name: provider for provider in providers for name in provider.names}, settings, warn)
    return tuple(_entry(entry, number, reader) for number, entry in enumerate(section.items("model_list")))


def _entry(entry: Node, number: int, reader: _Reader) -> Deployment:
    name, params, info_id = "", None, ""
    for key, value in entry.pairs("an entry of model_list"):
        if key.text == "model_name":
            name = value.text("model_name")
            if name.count("*") > 1:
                raise value.error("model_name may have only one '*'")
        elif key.text == "litellm_params":
            params = value
        elif key.text == "model_info":
            pairs = value.pairs("model_info")
            info_id = next((v.text("id") for k, v in pairs if k.text == "id" and not v.is_null), "")
        elif key.text in unserved("model_list"):
            reader.warn(f"model_list[].{key.text}")
        else:
            raise key.unknown(("model_name", "litellm_params", "model_info"), "model_list")
    if not name:
        raise entry.error("model_name is missing; add the name that callers use")
    if not (name + info_id).isprintable() or "," in info_id:
        raise entry.error(
            "model_name and id must be printable, and an id must have no comma, because they are sent in trailers"
        )
    if params is None:
        raise entry.error("litellm_params is missing; add at least its 'model'")
    given, own = _params(params, reader)
    provider, model = given["provider"], given["model"]
    if ("*" in model) and ("*" not in name):
        raise params.error(f"model {provider}/{model} has a '*', but model_name {name!r} has none")
    options = reader.providers[provider].options(provider, model, own, reader.settings, params)
    return Deployment(id=info_id or f"{name}:{provider}:{number}", name=name, options=options, **given)


def _params(params: Node, reader: _Reader) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the keys that every provider has, and the provider's own."""
    # The valid keys depend on the model, which may come after them.
    provider = reader.providers.get(params.peek("model").partition("/")[0])
    asked = [provider] if provider else list(reader.providers.values())
    own_params = {name: param for one in asked for name, param in one.params.items()}
    given: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key, value in params.pairs("litellm_params"):
        name = key.text
        if value.is_null and (name in PARAMS or name in own_params):
            continue  # LiteLLM takes it as not given
        if name in own_params:
            own[name] = own_params[name].read(value)
        elif name in unserved("litellm_params"):
            reader.warn(f"litellm_params.{name}")
        elif name == "model":
            given["provider"], given["model"] = _model(value, reader)
        elif name in {"weight", "rpm", "tpm"}:
            given[name] = value.number(name)
        else:
            raise key.unknown((*PARAMS, *own_params), "litellm_params")
    if "model" not in given:
        name, provider = next(iter(reader.providers.items()))
        raise params.error(f"litellm_params.model is missing; add one such as {name}/{provider.example}")
    return given, own


def _model(value: Node, reader: _Reader) -> tuple[str, str]:
    text = value.text("model")
    provider, slash, model = text.partition("/")
    if not slash or provider not in reader.providers:
        hint = nearest(provider, reader.providers) if slash else ""
        *most, last = (f"{name}/" for name in reader.providers)
        starts = f"{', '.join(most)} or {last}" if most else last
        raise value.error(f"model must start with {starts}, not {text!r}{hint}")
    if not re.fullmatch(r"[\w.:@*-]+(/[\w.:@-]+)*", model) or model.count("*") > 1:
        example = reader.providers[provider].example
        raise value.error(f"model {text!r} has no model; use one such as {provider}/{example}")
    return provider, model
