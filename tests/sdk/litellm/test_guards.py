"""What guards or limits is never left out, by the same rule as over REST."""

from typing import Any

import pytest

from imagewire.errors import InvalidRequest
from imagewire.litellm import guards
from imagewire.litellm.params import read
from imagewire_server.formats.openai.common import droppable

MODEL = "gemini/gemini-2.5-flash-image"
SAY = [{"role": "user", "content": "A banana"}]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"guardrails": ["pii"]}, "guardrails"),
        ({"max_budget": 0.01}, "max_budget"),
        ({"budget_duration": "1d"}, "budget_duration"),
        ({"rpm": 1}, "rpm"),
        ({"max_parallel_requests": 1}, "max_parallel_requests"),
        ({"data_residency": "eu"}, "data_residency"),
        ({"litellm_metadata": {"guardrails": ["pii"]}}, "litellm_metadata"),
        ({"model_list": [{"litellm_params": {"max_budget": 1}}]}, "model_list"),
        ({"metadata": {"guardrails": ["pii"]}}, "metadata.guardrails"),
        ({"metadata": {"Guardrail_config": {}}}, "metadata.Guardrail_config"),
        ({"web_search_options": {"filters": {"allowed_domains": ["a"]}}}, "web_search_options.filters"),
        ({"web_search_options": {"a": {"user_location": {}}}}, "web_search_options.a"),
        ({"image_config": {"a": "b", "person_generation": "dont_allow"}}, "image_config.person_generation"),
        ({"google": {"safety_settings": []}}, "google"),
    ],
    ids=str,
)
def test_it_is_refused_all_the_same(options: Any, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(MODEL, SAY, {**options, "drop_params": True})
    assert [violation.field for violation in caught.value.violations] == [field]


def test_other_words_are_left_out() -> None:
    schema = {"type": "json_schema", "json_schema": {"schema": {"properties": {"max_price": {"maxLength": 3}}}}}
    value: Any = {"a": [1, (None, "safety")]}
    value["itself"] = value
    dropped = {"response_format": schema, "litellm_metadata": value, "image_config": {"x": "1", "y": "2"}}
    names = ["response_format", "litellm_metadata", "image_config.x", "image_config.y"]
    assert read(MODEL, SAY, {**dropped, "drop_params": True}).drops.names == names


NAMES = [
    *("guardrails", "enable_guardrails", "safetySetings", "safety_identifier", "Moderation", "policy_id"),
    *("filters", "blocklist", "allow_list", "deny", "exclude_domains", "censor"),
    *("forbidden", "redact_pii", "model_armor", "rate_limit", "max_price", "budget"),
    *("person_generation", "peopleAllowed", "region_name", "user_location", "data_residency", "zdr"),
    *("data_collection", "prompt_cache_retention", "privacy", "transforms", "cache_control", "functions"),
    *("tags", "verbosity", "thinking", "n", "store", "mock_response"),
    *("caching", "api_version", "plugins"),
]


@pytest.mark.parametrize("name", NAMES)
def test_the_server_has_the_same_rule(name: str) -> None:
    assert guards.is_guard(name) is not droppable.is_unknown_droppable(name)
    assert guards.has_guard("a", [{"b": {name: 1}}]) is droppable.has_guard([{"b": {name: 1}}])


def test_the_server_has_the_same_words() -> None:
    assert guards._GUARDS == droppable._GUARDS  # a word that is added to one belongs in the other
