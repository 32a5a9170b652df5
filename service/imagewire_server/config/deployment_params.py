"""Reads the `litellm_params` of a deployment."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from imagewire_server.config import credentials, litellm, model_ids, prices
from imagewire_server.config.model_ids import ModelId, Skipped
from imagewire_server.config.notices import Notices
from imagewire_server.config.providers import ProviderConfig
from imagewire_server.config.source import Key, Node
from imagewire_server.contract import extra_fields

# The keys that every provider has: the server itself serves them.
PARAMS = ("model", "weight", "rpm", "tpm")
# It names the provider of a model without a prefix.
PROVIDER = "custom_llm_provider"
_BODY = "extra_body"
# Google's names of tool_choice, which LiteLLM passes on for pictures only, not in chats.
_TOOL_CONFIG = frozenset({"toolConfig", "tool_config"})
# LiteLLM's second name of a deployment's timeout.
_TIMEOUT, _SECOND_TIMEOUT = "timeout", "request_timeout"


class Params(NamedTuple):
    """given: fields of a Deployment. own: the provider's own keys."""

    given: dict[str, Any]
    own: dict[str, Any]


def read(
    params: Node,
    name: str,
    providers: Mapping[str, ProviderConfig],
    common: Mapping[str, Node],
    notices: Notices,
) -> Params | Skipped:
    """Read the keys of a deployment. name: its model_name. providers: by name. Raises ConfigError.

    common: values of the provider's keys that the deployment may not have itself.
    """
    model = params.at("model")
    if model is None:
        first, config = next(iter(providers.items()))
        raise params.error(f"litellm_params.model is missing; add one such as {first}/{config.example}")
    found = model_ids.read(model, params.peek(PROVIDER), name, providers)
    if isinstance(found, Skipped):
        return found
    if model.is_unresolved:
        notices.add(f"{model.where}: {found.provider}/{found.model} stands for the model: {model.reference} is not set")
    reader = _Reader(providers[found.provider], notices)
    timeout = params.at(_TIMEOUT)
    for key, value in params.pairs("litellm_params"):
        if key.text == _SECOND_TIMEOUT and not value.is_null and (timeout is None or timeout.is_null):
            reader.read_timeout(value)
        elif not value.is_null and key.text not in {"model", PROVIDER, credentials.NAME}:  # LiteLLM drops null, too
            reader.read(key, value)
    return reader.finished(found, common)


class _Reader:
    """Collects the keys of a deployment."""

    def __init__(self, config: ProviderConfig, notices: Notices) -> None:
        self._config = config
        self._notices = notices
        self._given: dict[str, Any] = {}
        self._own: dict[str, Any] = {}
        self._defaults: dict[str, Any] = {}
        self._generation: dict[str, Any] = {}
        self._prices: list[tuple[str, float]] = []

    def read(self, key: Key, value: Node) -> None:
        """Read one key."""
        name = key.text
        param = self._config.params.get(name)
        default = litellm.default_name(name)
        # Without these, pictures may be drawn that they forbid.
        if value.is_unset and ("safety" in default or default == _BODY):
            raise value.error(
                f"{name}: the environment variable {value.reference} is not set; set it, or remove {name}"
            )
        if param and value.is_mapping and not param.is_secret:
            for inner, text in value.pairs(name):
                self._notices.is_missing(f"{name}.{inner.text}", text)
        if value.is_unset and not (param and param.is_secret):
            if param or not litellm.has("litellm_params", name):
                self._notices.is_missing(name, value)
        elif param:
            self._own[name] = param.read(value)
        elif name in {"weight", "rpm", "tpm"}:
            self._given[name] = value.number(name)
        elif name in prices.KEYS:
            self._prices.append(prices.read(name, value))
        elif default in litellm.names("defaults"):
            self._read_default(key, value, default)
        elif field := litellm.generation_field(name):
            if field in self._generation:
                raise key.error(f"{name} is a second name of {field}; leave one of them out")
            if not value.has_unresolved:
                self._generation[field] = self._json(name, value)
        elif litellm.has("request", name):
            self._notices.not_used(f"litellm_params.{name}")
        elif name in _TOOL_CONFIG:
            self._notices.not_used(f"litellm_params.{name}", "use tool_choice, or toolConfig in extra_body")
        else:
            served = (*PARAMS, PROVIDER, credentials.NAME, *self._config.params, *prices.KEYS)
            self._notices.other(key, value, "litellm_params", (*served, *litellm.names("defaults")))

    def read_timeout(self, value: Node) -> None:
        """Read the timeout by its second name."""
        if not self._notices.is_missing(_SECOND_TIMEOUT, value):
            self._own[_TIMEOUT] = self._config.params[_TIMEOUT].read(value)

    def _read_default(self, key: Key, value: Node, default: str) -> None:
        if default in self._defaults:
            raise key.error(f"{key.text} is a second name of {default}; leave one of them out")
        self._take_default(key.text, value, default)

    def _take_default(self, name: str, value: Node, default: str) -> None:
        if not value.has_unresolved:
            self._defaults[default] = self._json(name, value)
            if "safety" in default and not _is_safety(self._defaults[default]):
                words = "must be a list of objects of texts; YAML reads OFF without quotes as false"
                raise value.error(f"{name} {words}")

    def _json(self, name: str, value: Node) -> Any:
        """The value without the fields whose variables are not set, which is told."""
        if not value.is_mapping or name == _BODY:  # any field of extra_body may forbid something
            return value.json(name)
        found = {}
        for key, inner in value.pairs(name):
            path = f"{name}.{key.text}"
            if inner.is_mapping:
                found[key.text] = self._json(path, inner)
            elif not self._notices.is_missing(path, inner):
                found[key.text] = inner.json(path)
        return found

    def _says(self, name: str) -> bool:
        """Whether the deployment has a default itself, by any of its names."""
        body = self._defaults.get(_BODY)
        given = {*self._defaults, *(body if isinstance(body, dict) else ())}
        return any(litellm.snake(one) == name for one in given)

    def finished(self, found: ModelId, common: Mapping[str, Node]) -> Params:
        """What was read, completed."""
        config, own = self._config, self._own
        for name, value in common.items():
            if name in config.params and name not in own:
                own[name] = config.params[name].read(value)
            elif name in litellm.names("defaults") and not self._says(name):
                self._take_default(name, value, name)
        for ignored, why in config.ignores(found.provider, own).items():
            del own[ignored]
            model = f"{found.provider}/{found.model}"
            self._notices.add(f"litellm_params.{ignored} has no effect on {model}{why and f' {why}'}")
        body = self._defaults.get(_BODY) or {}
        if self._generation and isinstance(body, dict):
            own_config = {**self._generation, **(body.get("generationConfig") or {})}
            self._defaults[_BODY] = {**body, "generationConfig": own_config}
        if config.talks(found.model) and not extra_fields.says_modalities(body):
            self._defaults.setdefault("modalities", ["text"])
        defaults = json.dumps(self._defaults, sort_keys=True) if self._defaults else ""
        given = {
            **self._given,
            "provider": found.provider,
            "model": found.model,
            "prices": tuple(self._prices),
            "defaults": defaults,
        }
        return Params(given, own)


def _is_safety(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(setting, dict) and all(isinstance(text, str) for text in setting.values()) for setting in value
    )
