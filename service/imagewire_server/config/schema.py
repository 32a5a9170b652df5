"""The JSON schema of the configuration, made from the tables that read it. `make gen` writes schema.json."""

import typing
from collections.abc import Mapping, Sequence
from typing import Any

from imagewire_server.config import (
    caller_policies,
    credentials,
    deployment_params,
    litellm,
    models,
    prices,
    routing,
    token_issuers,
)
from imagewire_server.config.providers import ProviderConfig
from imagewire_server.config.settings import RENAMED, fields

_FROM_ENV = {"type": "string", "pattern": "^os\\.environ/"}
_TYPES = {str: {"type": "string"}, int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"}}

_TEXT = {"type": "string", "minLength": 1}
_ONE_OR_MORE: dict[str, Any] = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
}


def schema(providers: Sequence[ProviderConfig]) -> dict[str, Any]:
    """The JSON Schema 2020-12 of the whole file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "imagewire-server's configuration",
        **_object(
            {
                "model_list": {"type": ["array", "null"], "items": _entry(providers)},
                "credential_list": {"type": ["array", "null"], "items": {"type": "object"}},
                "litellm_settings": {"type": ["object", "null"]},
                "router_settings": _nullable(_open(_optional(_router()))),
                "general_settings": _nullable(_open({"master_key": {"type": "string", "minLength": 1}})),
                "environment_variables": {"type": ["object", "null"]},
                "imagewire": _nullable(
                    _object({**_settings(providers), "models": _models(), "callers": _callers(), "jwt": _issuers()})
                ),
            },
            also="sections",
        ),
    }


def _object(properties: dict[str, Any], *, also: str = "", required: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with these keys, and with LiteLLM's keys of the section `also`."""
    others: dict[str, Any] = {name: {} for name in sorted(litellm.names(also))} if also else {}
    made = {"type": "object", "properties": {**properties, **others}, "additionalProperties": False}
    return {**made, "required": list(required)} if required else made


def _open(properties: dict[str, Any], *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object in which unknown keys are warnings."""
    return {**_object(properties, required=required), "additionalProperties": True}


def _nullable(made: dict[str, Any]) -> dict[str, Any]:
    return {**made, "type": [made["type"], "null"]}


def _optional(made: dict[str, Any]) -> dict[str, Any]:
    """The same keys, where null means not given."""
    return {name: {"anyOf": [one, {"type": "null"}]} for name, one in made.items()}


def _or_from_env(made: dict[str, Any]) -> dict[str, Any]:
    """The same value, or the name of a variable. Text may be one already; a mapping or a list is none."""
    kinds = made.get("type", ())
    plain = {"string", "object", "array"} & {*([kinds] if isinstance(kinds, str) else kinds)}
    return made if plain else {"anyOf": [made, _FROM_ENV]}


def _settings(providers: Sequence[ProviderConfig]) -> dict[str, Any]:
    known = fields(providers)
    known = {**known, **{old: known[name] for old, name in RENAMED.items()}}
    return {name: _or_from_env(_TYPES[type(field.default)]) for name, field in known.items()}


def _entry(providers: Sequence[ProviderConfig]) -> dict[str, Any]:
    number = _or_from_env({"type": "number", "minimum": 0})
    first, *others = deployment_params.PARAMS
    params: dict[str, Any] = {
        name: _or_from_env(dict(param.schema)) for provider in providers for name, param in provider.params.items()
    }
    params |= dict.fromkeys(others, number)
    params |= {name: {} for name in sorted(litellm.names("defaults"))}
    params |= dict.fromkeys(prices.KEYS, number)
    params |= {key: {"type": "string"} for key in (deployment_params.PROVIDER, credentials.NAME)}
    return _object(
        {
            "model_name": {"type": "string", "minLength": 1},
            "litellm_params": _open(
                {first: {"type": "string", "minLength": 1}, **_optional(params)}, required=("model",)
            ),
            "model_info": {"type": ["object", "null"]},
        },
        also="model_list",
        required=("model_name", "litellm_params"),
    )


def _router() -> dict[str, Any]:
    targets = {"type": "array", "items": {"type": ["string", "object"]}}
    one_or_more = {"anyOf": [targets, {"type": "string"}]}
    names = {"type": "array", "items": {"type": "object", "additionalProperties": one_or_more}}
    return {
        "routing_strategy": {"type": "string", "examples": list(routing.STRATEGIES)},
        "num_retries": _or_from_env({"type": "integer", "minimum": 0}),
        "drop_params": _or_from_env({"type": "boolean"}),
        "default_fallbacks": targets,
        "cooldown_time": _or_from_env({"type": "number", "minimum": 0}),
        "allowed_fails": _or_from_env({"type": "integer", "minimum": 0}),
        "fallbacks": names,
        "content_policy_fallbacks": names,
        "model_group_alias": {"type": "object", "additionalProperties": {"type": ["string", "object", "null"]}},
        "optional_pre_call_checks": {"type": "array", "items": {"type": "string", "examples": [routing.ENFORCE_RPM]}},
    }


def _models() -> dict[str, Any]:
    properties = {name: _of(hint) for name, hint in models.keys().items()}
    properties["price"] = {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 3, "maxItems": 4}
    return {"type": "array", "items": _object(properties, required=("id",))}


def _issuers() -> dict[str, Any]:
    algorithms = {"enum": list(token_issuers.ALGORITHMS)}
    one = _object(
        {
            "issuer": {**_TEXT, "maxLength": 256},
            "audiences": _ONE_OR_MORE,
            "jwks": _TEXT,
            "algorithms": {"anyOf": [algorithms, {"type": "array", "items": algorithms, "minItems": 1}]},
            "clock_skew": _or_from_env({"type": "number", "minimum": 0, "maximum": 600}),
            "caller_claim": _TEXT,
        },
        required=("issuer", "audiences", "jwks"),
    )
    return {"anyOf": [one, {"type": ["array", "null"], "items": one}]}


def _callers() -> dict[str, Any]:
    methods = {"enum": list(caller_policies.METHODS)}
    properties: dict[str, Any] = {
        **dict.fromkeys(caller_policies.READERS, _or_from_env({"type": "number", "exclusiveMinimum": 0})),
        **dict.fromkeys(caller_policies.LIMITS[:3], _or_from_env({"type": "integer", "minimum": 1})),
        "name": _TEXT,
        "key_sha256": _ONE_OR_MORE,
        "models": _ONE_OR_MORE,
        "methods": {"anyOf": [methods, {"type": "array", "items": methods, "minItems": 1}]},
        "jwt": _object(
            {
                "issuer": _TEXT,
                "subject": {**_TEXT, "pattern": "^[^*]*\\*?[^*]*$"},
                "claims": {
                    "type": ["object", "null"],
                    "additionalProperties": {"type": ["string", "number", "boolean"]},
                },
            }
        ),
    }
    return {"type": ["array", "null"], "items": _object(properties, required=("name",))}


def _of(hint: Any) -> dict[str, Any]:
    """The schema of a field's type: a scalar, a tuple of strings or a mapping of names."""
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": {"type": "string"}}
    if typing.get_origin(hint) is Mapping:
        return {"type": "object", "additionalProperties": {**_TYPES[typing.get_args(hint)[1]], "minimum": 0}}
    return _TYPES.get(hint, {})
