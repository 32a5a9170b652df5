"""Deployments: which upstream serves a model's name. Read from LiteLLM's `model_list` as it stands."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from imagewire_server.config.litellm import Warn, unserved
from imagewire_server.config.providers import Options, ProviderConfig
from imagewire_server.config.settings import Settings
from imagewire_server.config.source import Node, nearest


@dataclass(frozen=True, slots=True)
class Deployment:
    """One way to serve a name. name and model may hold one "*". weight, rpm, tpm: None where not given.

    model: the provider's own id. options: what the provider makes of its own keys. timeout: seconds until the first
    byte, None for the server's.
    """

    id: str
    name: str
    provider: str
    model: str
    options: Options
    weight: float | None = None
    rpm: float | None = None
    tpm: float | None = None
    timeout: float | None = None
    extra_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def without_share(self) -> "Deployment":
        """What it is apart from how often it is chosen."""
        return replace(self, weight=None, rpm=None, tpm=None)


# The keys under litellm_params that every provider has. Its own stand behind the first.
PARAMS = ("model", "weight", "rpm", "tpm", "timeout", "extra_headers")
# What the server itself sends: a file may not send it twice.
_OWN_HEADERS = frozenset({"authorization", "content-type", "content-length", "accept-encoding", "host"})


class _Reader(NamedTuple):
    """What the entries are read with. providers: by their names."""

    providers: Mapping[str, ProviderConfig]
    settings: Settings
    warn: Warn


def read(section: Node, providers: Iterable[ProviderConfig], settings: Settings, warn: Warn) -> tuple[Deployment, ...]:
    """The deployments of a model_list. settings: what a provider takes where an entry is silent.

    warn: told of each key that is LiteLLM's and not served. Raises ConfigError.
    """
    reader = _Reader({name: provider for provider in providers for name in provider.names}, settings, warn)
    return tuple(_entry(entry, number, reader) for number, entry in enumerate(section.items("model_list")))


def _entry(entry: Node, number: int, reader: _Reader) -> Deployment:
    name, params, info_id = "", None, ""
    for key, value in entry.pairs("an entry of model_list"):
        if key.text == "model_name":
            name = value.text("model_name")
            if name.count("*") > 1:
                raise value.error("model_name takes one '*' at the most")
        elif key.text == "litellm_params":
            params = value
        elif key.text == "model_info":
            info_id = next((v.text("id") for k, v in value.pairs("model_info") if k.text == "id"), "")
        elif key.text in unserved("model_list"):
            reader.warn(f"model_list[].{key.text}")
        else:
            raise key.unknown(("model_name", "litellm_params", "model_info"), "model_list")
    if not name:
        raise entry.error("model_name is missing; add the name that callers use")
    if not (name + info_id).isprintable() or "," in info_id:
        raise entry.error("model_name and id take printable characters, an id no comma: answers' trailers hold them")
    if params is None:
        raise entry.error("litellm_params is missing; add at least its 'model'")
    given, own = _params(params, reader)
    provider, model = given["provider"], given["model"]
    if ("*" in model) and ("*" not in name):
        raise params.error(f"model {provider}/{model} has a '*' that model_name {name!r} does not fill")
    options = reader.providers[provider].options(provider, model, own, reader.settings, params)
    return Deployment(id=info_id or f"{name}:{provider}:{number}", name=name, options=options, **given)


def _params(params: Node, reader: _Reader) -> tuple[dict[str, Any], dict[str, Any]]:
    """What every provider has, and the provider's own keys."""
    # Which keys there are depends on the model, which may stand behind them.
    provider = reader.providers.get(params.peek("model").partition("/")[0])
    asked = [provider] if provider else list(reader.providers.values())
    own_params = {name: param for one in asked for name, param in one.params.items()}
    headers = _OWN_HEADERS.union(*(one.headers for one in asked))
    given: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key, value in params.pairs("litellm_params"):
        name = key.text
        if name in own_params:
            own[name] = own_params[name].read(value)
        elif name in unserved("litellm_params"):
            reader.warn(f"litellm_params.{name}")
        elif name == "model":
            given["provider"], given["model"] = _model(value, reader)
        elif name in {"weight", "rpm", "tpm"}:
            given[name] = value.number(name)
        elif name == "timeout":
            given[name] = value.number(name, least=0.001)
        elif name == "extra_headers":
            given[name] = _headers(value, headers)
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
        raise value.error(f"model {text!r} names no model; use one such as {provider}/{example}")
    return provider, model


def _headers(value: Node, own: frozenset[str]) -> tuple[tuple[str, str], ...]:
    headers = []
    for key, text in value.pairs("extra_headers"):
        header, content = key.text.lower(), text.text(key.text)
        if not re.fullmatch(r"[a-z0-9!#$%&'*+.^_`|~-]+", header) or not content.isprintable() or not content.isascii():
            raise key.error(f"{key.text!r} is no valid header")
        if header in own:
            raise key.error(f"{key.text!r} is sent by the server itself; leave it out")
        headers.append((header, content))
    return tuple(headers)
