"""The table of LiteLLM's key names has those of the installed LiteLLM, and none that it does not have."""

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from imagewire_server.config import credentials, deployment_params, load, prices, routing
from imagewire_server.config.litellm import common, has, names
from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.providers.registry import provider_configs
from tests.compat.conftest import package

pytestmark = pytest.mark.filterwarnings("default")  # the package's own

SERVED = {
    "litellm_params": {
        *deployment_params.PARAMS, deployment_params.PROVIDER, credentials.NAME, *names("defaults"),
        *names("request"), *prices.KEYS, *(name for config in provider_configs() for name in config.params),
    },
    "router_settings": {*routing.READERS, *common("router_settings"), "model_group_alias"},
    "general_settings": {"master_key", *names("authentication"), *names("key_stores")},
    "model_info": {"id", *prices.KEYS},
    "litellm_settings": {*routing.READERS, *common("litellm_settings")},
    "sections": set(load.SECTIONS),
}  # fmt: skip
# The fields of a chat request that say nothing of the answer, or of one caller only, and those that change nothing.
CALLERS = {
    "model", "messages", "stream", "stream_options", "user", "metadata", "usage", "continuation_token",
    "continuationToken", "drop_params", "background", "function_call", "functions", "logit_bias", "prompt_cache_key",
    "prompt_cache_retention", "safety_identifier", "top_logprobs", "verbosity", "fallbacks", "timeout",
    "image_delivery", "cache",
}  # fmt: skip
SECTIONS = [*SERVED, "request"]
# Names that its source has where it reads a section, and that are not the section's keys.
NO_KEYS = {
    "litellm_params": {"self"},
    "model_info": {"model_info", "model_name", "template"},
    "litellm_settings": {"vector_store_registry", *load.SECTIONS},
}  # fmt: skip


@pytest.fixture(scope="module")
def litellm() -> Any:
    return package("litellm")


@pytest.fixture(scope="module")
def known(litellm: Any) -> Mapping[str, set[str]]:
    """LiteLLM's keys by section, as far as it declares them."""
    types, models = package("litellm.types.router"), package("litellm.types.utils")
    proxy = package("litellm.proxy._types")
    read = _read(litellm, "model_info", "router_settings", "general_settings", "litellm_settings")
    internal = {"self", "fallback_access_check", "fallback_budget_check"}
    return {
        "litellm_params": {
            *types.GenericLiteLLMParams.model_fields,
            *types.LiteLLMParamsTypedDict.__annotations__,
            *(name for name in models.all_litellm_params if name[0] != "_"),
        },
        "internal": set(models.all_litellm_params),
        "model_info": {*types.ModelInfo.model_fields, *models.ModelInfoBase.__annotations__, *read["model_info"]},
        "router_settings": {
            *inspect.signature(litellm.Router.__init__).parameters,
            *types.UpdateRouterConfig.model_fields,
            *types.RouterConfig.model_fields,
            *read["router_settings"],
        }
        - internal,
        "general_settings": {*proxy.ConfigGeneralSettings.model_fields, *read["general_settings"]},
        "litellm_settings": {*_settings(litellm), *read["litellm_settings"]},
        "sections": set(proxy.ConfigYAML.model_fields),
        "request": set(inspect.signature(litellm.completion).parameters) - {"messages", "model", "kwargs"},
    }


def _read(litellm: Any, *sections: str) -> dict[str, set[str]]:
    """The keys of sections that its source reads, declared or not."""
    texts = [path.read_text() for path in Path(litellm.__file__).parent.rglob("*.py")]
    return {
        section: {name for text in texts for name in re.findall(rf'{section}(?:\.get\(|\[)\s*"(\w+)"', text)}
        for section in sections
    }


def _settings(litellm: Any) -> set[str]:
    """What litellm_settings sets: the attributes of its module, but for its tables of models.

    Those that are loaded when they are first asked for are none: which of them are there is a matter of earlier tests.
    """
    lazy = package("litellm._lazy_imports")
    late = {*lazy.LITELLM_ATTRIBUTES, *lazy.UTILS_ATTRIBUTES, *lazy._LITELLM_FACTORIES}
    plain = bool | int | float | str | list | dict | None
    return {
        name
        for name, value in vars(litellm).items()
        if isinstance(value, plain) and name.islower() and name[0] != "_" and not name.endswith("_models")
    } - late


@pytest.mark.parametrize(
    "section", ["model_info", "router_settings", "general_settings", "litellm_settings", "sections"]
)
def test_the_table_has_every_key_of_a_section(known: Mapping[str, set[str]], section: str) -> None:
    asked = known[section] - SERVED[section] - NO_KEYS.get(section, set())
    assert {name for name in asked if not has(section, name)} == set()


@pytest.mark.parametrize("section", ["litellm_params", "request"])
def test_the_table_has_every_key_of_a_deployment(known: Mapping[str, set[str]], section: str) -> None:
    asked = known[section] - SERVED["litellm_params"] - NO_KEYS["litellm_params"]
    assert {name for name in asked if not has("litellm_params", name)} == set()


def test_what_its_health_checks_and_its_prompts_read_is_known() -> None:
    assert has("litellm_params", "supports_system_message")
    assert has("model_info", "disable_background_health_check")


def test_the_table_has_every_routing_strategy() -> None:
    strategies = {one.value for one in package("litellm.types.router").RoutingStrategy}
    assert strategies <= {*routing.STRATEGIES, *names("routing_strategy")}


def test_every_field_of_a_chat_request_may_be_a_default_or_is_the_callers_alone() -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(ChatRequest)}
    assert fields - CALLERS <= names("defaults")


def test_the_table_has_no_key_that_litellm_does_not_have(litellm: Any, known: Mapping[str, set[str]]) -> None:
    anything = {*vars(litellm), *(name for keys in known.values() for name in keys)}
    root = Path(litellm.__file__).parent
    utils = "proxy/common_utils"
    read = ("proxy/proxy_server.py", "proxy/_types.py", f"{utils}/config_includes.py", f"{utils}/http_parsing_utils.py")
    source = "\n".join(path.read_text() for path in (*(root / name for name in read), *root.glob("*.py")))
    listed = {name for section in SECTIONS for name in names(section) if "*" not in name}
    assert {name for name in listed if name not in anything and f'"{name}"' not in source} == set()
