"""The table of LiteLLM's key names has those of the installed LiteLLM, and none that it does not have."""

import inspect
import re
from pathlib import Path

import litellm
import msgspec
import pytest
from litellm.proxy._types import ConfigGeneralSettings, ConfigYAML
from litellm.router import Router
from litellm.types.router import GenericLiteLLMParams, LiteLLMParamsTypedDict, ModelInfo, RoutingStrategy
from litellm.types.utils import ModelInfoBase, all_litellm_params

from imagewire_server.config import deployment_params, load, prices, routing
from imagewire_server.config.litellm import has, names
from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.providers.registry import provider_configs

PROXY = Path(litellm.__file__).parent / "proxy"
LISTS = (
    "litellm_params",
    "request",
    "model_info",
    "litellm_settings",
    "router_settings",
    "general_settings",
    "sections",
)


def _read(variable: str) -> set[str]:
    """The keys that LiteLLM's proxy reads from a dictionary of this name."""
    found = re.compile(rf'{variable}\.get\(\s*"(\w+)"')
    return {name for path in PROXY.rglob("*.py") for name in found.findall(path.read_text())}


REQUEST = set(inspect.signature(litellm.completion).parameters) - {"messages", "model", "kwargs"}
SERVED = {
    "litellm_params": {
        *deployment_params.PARAMS, deployment_params.PROVIDER, *names("defaults"), *names("request"), *prices.KEYS,
        *(name for config in provider_configs() for name in config.params),
    },
    "router_settings": {*routing.READERS, "model_group_alias"},
    "general_settings": {"master_key", *names("authentication"), *names("key_stores")},
    "model_info": {"id"},
    "sections": set(load.SECTIONS),
}  # fmt: skip
LITELLM = {
    "litellm_params": {*GenericLiteLLMParams.model_fields, *LiteLLMParamsTypedDict.__annotations__},
    "model_info": {*ModelInfo.model_fields, *ModelInfoBase.__annotations__},
    "router_settings": set(inspect.signature(Router.__init__).parameters)
    - {"self", "fallback_access_check", "fallback_budget_check"},
    "general_settings": {*ConfigGeneralSettings.model_fields, *_read("general_settings")},
    "sections": set(ConfigYAML.model_fields),
}


@pytest.mark.parametrize("section", LITELLM)
def test_the_table_has_every_key_of_litellms(section: str) -> None:
    missing = {name for name in LITELLM[section] - SERVED[section] if not has(section, name)}
    assert missing == set()


def test_the_table_has_every_field_of_litellms_requests() -> None:
    known = {*SERVED["litellm_params"], *names("defaults")}
    missing = {name for name in REQUEST - known if not has("request", name) and not has("litellm_params", name)}
    assert missing == set()


def test_the_table_has_every_routing_strategy() -> None:
    assert {one.value for one in RoutingStrategy} <= {*routing.STRATEGIES, *names("routing_strategy")}


def test_every_field_of_a_chat_request_may_be_a_default_or_is_the_callers_alone() -> None:
    callers = {
        "model", "messages", "stream", "stream_options", "user", "metadata", "usage", "continuation_token",
        "continuationToken",
    }  # fmt: skip
    fields = {field.encode_name for field in msgspec.structs.fields(ChatRequest)}
    assert fields - callers <= names("defaults")


def test_the_table_has_no_key_that_litellm_does_not_have() -> None:
    anything = {
        *(name for listed in LITELLM.values() for name in listed), *REQUEST, *all_litellm_params, *vars(litellm),
    }  # fmt: skip
    proxy = (PROXY / "proxy_server.py", PROXY / "_types.py", PROXY / "common_utils/config_includes.py")
    source = "\n".join(path.read_text() for path in proxy)
    source += "\n".join(path.read_text() for path in Path(litellm.__file__).parent.glob("*.py"))
    odd = {
        name
        for section in LISTS
        for name in names(section)
        if "*" not in name and name not in anything and f'"{name}"' not in source
    }
    assert odd == set()
