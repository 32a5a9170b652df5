"""LiteLLM's keys that its source has: each is honoured, or a warning by its name."""

import json
from pathlib import Path

import pytest
import yaml

from imagewire_server.config.source import ConfigError
from imagewire_server.providers.registry import load
from tests.unit.config.files import entry, written


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ("supports_system_message: false", ("litellm_params.supports_system_message is not supported",)),
        ("supports_system_message: true", ()),
        ("enable_prompt_caching: true", ("litellm_params.enable_prompt_caching is not supported",)),
        ("request_timeout: 7, timeout: 3", ("litellm_params.request_timeout is not supported",)),
    ],
)
def test_keys_that_litellm_alone_has(tmp_path: Path, params: str, told: tuple[str, ...]) -> None:
    assert load(written(tmp_path, entry(f"model: gemini/m, api_key: k, {params}")), {}).warnings == told


def test_what_says_nothing_of_answers_is_no_warning(tmp_path: Path) -> None:
    text = """\
model_list:
  - model_name: a
    litellm_params: {model: gemini/m, api_key: k}
    model_info: {disable_background_health_check: true, display_name: A, custom_tokenizer: {identifier: x}}
"""
    assert load(written(tmp_path, text), {}).warnings == ()


@pytest.mark.parametrize(("params", "seconds"), [("request_timeout: 7", 7), ("request_timeout: '8', timeout: null", 8)])
def test_a_second_name_of_the_timeout(tmp_path: Path, params: str, seconds: float) -> None:
    config = load(written(tmp_path, entry(f"model: gemini/m, api_key: k, {params}")), {})
    assert (config.deployments[0].options.timeout, config.warnings) == (seconds, ())  # type: ignore[attr-defined]


EVERYTHING = "model_list: [{model_name: '*', litellm_params: {model: '*'}}]\n"
GENERAL = "[{category: HARM_CATEGORY_HARASSMENT, threshold: BLOCK_LOW_AND_ABOVE}]"


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        ("", {"safety_settings"}),
        (", safetySettings: [{category: A, threshold: B}]", {"safetySettings"}),
        (", safety_settings: []", {"safety_settings"}),
        (", extra_body: {safetySettings: []}", {"extra_body"}),
    ],
)
def test_safety_settings_for_all_deployments(tmp_path: Path, params: str, kept: set[str]) -> None:
    rest = f"litellm_settings: {{vertex_ai_safety_settings: {GENERAL}}}\n"
    config = load(written(tmp_path, entry(f"model: gemini/gemini-2.5-flash-image, api_key: k{params}", rest)), {})
    made = json.loads(config.deployments[0].defaults)
    assert made.keys() == kept
    assert (made.get("safety_settings") == yaml.safe_load(GENERAL)) is (not params)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"litellm_settings: {{vertex_ai_safety_settings: {GENERAL}}}\n", "nor without a model_list"),
        (f"{EVERYTHING}litellm_settings: {{vertex_ai_safety_settings: {GENERAL}}}\n", r"not supported for model '\*'"),
        (entry(rest="litellm_settings: {vertex_ai_safety_settings: os.environ/NONE}\n"), "NONE is not set; set it"),
        (entry(rest="litellm_settings: {vertex_ai_safety_settings: {HARM: OFF}}\n"), "must be a list of objects"),
    ],
)
def test_safety_settings_that_would_not_hold_stop_the_start(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(written(tmp_path, text), {"GEMINI_API_KEY": "k"})


WILD = """\
model_list:
  - {model_name: "gemini/*", litellm_params: {model: "gemini/*", api_key: k}}
  - {model_name: draw, litellm_params: {model: gemini/m, api_key: k}}
router_settings:
"""


def test_fallbacks_of_a_model_hold_with_its_provider_in_front(tmp_path: Path) -> None:
    text = f"{WILD}  fallbacks: [{{a: [draw]}}, {{b: [draw]}}, {{gemini/b: [gemini/c]}}, {{draw: [gemini/a]}}]\n"
    config = load(written(tmp_path, text), {})
    assert config.warnings == ()
    assert dict(config.routing.fallbacks) == {
        "a": ("draw",), "gemini/a": ("draw",), "b": ("draw",), "gemini/b": ("gemini/c",), "draw": ("gemini/a",),
        "gemini/draw": ("gemini/a",),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("fallbacks: [{gemini/*: [draw]}]", "fallbacks of 'gemini/*', %s, are skipped"),
        ("fallbacks: [{draw: [gemini/*]}]", "fallbacks name 'gemini/*', %s; it is skipped"),
        ("model_group_alias: {x: gemini/*}", "the alias 'x' is skipped: it stands for 'gemini/*', %s"),
    ],
)
def test_a_pattern_is_no_name_that_is_asked_for(tmp_path: Path, setting: str, told: str) -> None:
    (words,) = load(written(tmp_path, f"{WILD}  {setting}\n"), {}).warnings
    assert words.endswith(told % "which stands for many names: name one of them")


def test_a_place_for_anchors_is_told_its_name(tmp_path: Path) -> None:
    text = "common: &common {api_key: k}\nmodel_list: []\n"
    with pytest.raises(
        ConfigError, match=r":1: unknown key 'common' .*; begin the name of a place for anchors with x-$"
    ):
        load(written(tmp_path, text), {})
