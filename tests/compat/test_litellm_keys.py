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
    "sections": set(load.SECTIONS),
}  # fmt: skip
# The fields of a chat request that say nothing of the answer, or of one caller only, and those that change nothing.
CALLERS = {
    "model", "messages", "stream", "stream_options", "user", "metadata", "usage", "continuation_token",
    "continuationToken", "drop_params", "background", "function_call", "functions", "logit_bias", "prompt_cache_key",
    "prompt_cache_retention", "safety_identifier", "top_logprobs", "verbosity", "fallbacks", "timeout",
    "image_delivery", "cache",
}  # fmt: skip
SECTIONS = [*SERVED, "litellm_settings", "request"]


@pytest.fixture(scope="module")
def litellm() -> Any:
    return package("litellm")


@pytest.fixture(scope="module")
def known(litellm: Any) -> Mapping[str, set[str]]:
    """LiteLLM's keys by section, as far as it declares them."""
    types, models = package("litellm.types.router"), package("litellm.types.utils")
    proxy = package("litellm.proxy._types")
    internal = {"self", "fallback_access_check", "fallback_budget_check"}
    return {
        "litellm_params": {
            *types.GenericLiteLLMParams.model_fields,
            *types.LiteLLMParamsTypedDict.__annotations__,
        },
        "internal": set(models.all_litellm_params),
        "model_info": {*types.ModelInfo.model_fields, *models.ModelInfoBase.__annotations__},
        "router_settings": set(inspect.signature(litellm.Router.__init__).parameters) - internal,
        "general_settings": {*proxy.ConfigGeneralSettings.model_fields, *_read_by_the_proxy(litellm)},
        "sections": set(proxy.ConfigYAML.model_fields),
        "request": set(inspect.signature(litellm.completion).parameters) - {"messages", "model", "kwargs"},
    }


def _read_by_the_proxy(litellm: Any) -> set[str]:
    """The keys of general_settings that its proxy reads, declared or not."""
    read = re.compile(r'general_settings\.get\(\s*"(\w+)"')
    files = (Path(litellm.__file__).parent / "proxy").rglob("*.py")
    return {name for path in files for name in read.findall(path.read_text())}


@pytest.mark.parametrize("section", ["model_info", "router_settings", "general_settings", "sections"])
def test_the_table_has_every_key_of_a_section(known: Mapping[str, set[str]], section: str) -> None:
    assert {name for name in known[section] - SERVED[section] if not has(section, name)} == set()


@pytest.mark.parametrize("section", ["litellm_params", "request"])
def test_the_table_has_every_key_of_a_deployment(known: Mapping[str, set[str]], section: str) -> None:
    asked = known[section] - SERVED["litellm_params"]
    assert {name for name in asked if not has("litellm_params", name)} == set()


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
