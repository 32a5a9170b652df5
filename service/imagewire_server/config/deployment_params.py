"""Reads the `litellm_params` of a deployment."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from imagewire_server.config import credentials, litellm, model_ids, prices
from imagewire_server.config.model_ids import Skipped
from imagewire_server.config.notices import Notices
from imagewire_server.config.providers import ProviderConfig
from imagewire_server.config.source import Node

# The keys that every provider has: the server itself serves them.
PARAMS = ("model", "weight", "rpm", "tpm")
# It names the provider of a model without a prefix.
PROVIDER = "custom_llm_provider"


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
    config = providers[found.provider]
    given: dict[str, Any] = {"provider": found.provider, "model": found.model}
    own: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    costs: list[tuple[str, float]] = []
    for key, value in params.pairs("litellm_params"):
        name = key.text
        if value.is_null or name in {"model", PROVIDER, credentials.NAME}:
            continue  # LiteLLM takes null as not given
        if name in config.params:
            own[name] = config.params[name].read(value)
        elif name in {"weight", "rpm", "tpm"}:
            given[name] = value.number(name)
        elif name in prices.KEYS:
            costs.append(prices.read(name, value))
        elif name in litellm.names("defaults"):
            if not value.is_unresolved:
                defaults[name] = value.json(name)
        elif litellm.has("request", name):
            notices.not_used(f"litellm_params.{name}")
        else:
            notices.other(
                key,
                value,
                "litellm_params",
                (*PARAMS, PROVIDER, credentials.NAME, *config.params, *prices.KEYS, *litellm.names("defaults")),
            )
    for name, value in common.items():
        if name in config.params and name not in own:
            own[name] = config.params[name].read(value)
    for ignored in tuple(config.ignores(found.provider, own)):
        del own[ignored]
        notices.add(f"litellm_params.{ignored} has no effect on {found.provider}/{found.model}")
    if config.talks(found.model):
        defaults.setdefault("modalities", ["text"])
    given["prices"] = tuple(costs)
    given["defaults"] = json.dumps(defaults, sort_keys=True) if defaults else ""
    return Params(given, own)
