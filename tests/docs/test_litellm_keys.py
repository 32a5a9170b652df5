"""docs/litellm.md says of each key of LiteLLM's file what this server does with it."""

import re
from pathlib import Path

import pytest

from imagewire_server.config import credentials, deployment_params, litellm, load, prices, routing
from imagewire_server.providers.registry import provider_configs

PAGE = Path(__file__).parents[2] / "docs/litellm.md"
SERVED = {
    "litellm_params": {
        *deployment_params.PARAMS, deployment_params.PROVIDER, credentials.NAME,
         *litellm.names("defaults"), *prices.KEYS,
        *(name for config in provider_configs() for name in config.params),
    },
    "model_info": {"id", "blocked"},
    "router_settings": {*routing.READERS, *litellm.common("router_settings"), "model_group_alias"},
    "litellm_settings": {*routing.READERS, *litellm.common("litellm_settings")},
    "general_settings": {"master_key"},
}  # fmt: skip
ROWS = re.findall(r"^\| `(\w+)`: (`[^|]+`) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize(("section", "keys", "words"), ROWS, ids=[f"{row[0]}: {row[1][:30]}" for row in ROWS])
def test_a_row_is_true(section: str, keys: str, words: str) -> None:
    for name in re.findall(r"`([^`]+)`", keys):
        if section == "model_list":
            continue
        served = name in SERVED[section]
        refusing = litellm.names("authentication") | litellm.names("restrictions")
        known = litellm.has(section, name) or name in refusing
        assert served != words.startswith(("Not there", "Without effect", "[The start fails]")), name
        assert served or known, name
        if words.startswith("[The start fails]"):
            assert name in refusing


def test_the_sections_are_all_there() -> None:
    assert {row[0] for row in ROWS} >= {*SERVED}
    of_file = PAGE.read_text().partition("### What a LiteLLM file does here")[2].partition("What differs otherwise")[0]
    listed = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^:|]+) \|", of_file, re.MULTILINE))))
    assert listed
    assert listed <= {*litellm.names("sections"), *load.SECTIONS}
