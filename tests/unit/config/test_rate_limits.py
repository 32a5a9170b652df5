"""The rpm of deployments as a limit: by LiteLLM's switch, and where it cannot hold."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from imagewire_server.config.callers import check_counting
from imagewire_server.config.load import Config
from imagewire_server.config.schema import schema
from imagewire_server.config.source import ConfigError
from imagewire_server.providers.registry import load, provider_configs, table

SWITCH = "router_settings: {optional_pre_call_checks: [enforce_model_rate_limits]}\n"
VALIDATOR = jsonschema.Draft202012Validator(schema(provider_configs()))


def read(folder: Path, params: str, rest: str = SWITCH) -> Config:
    text = f"model_list:\n  - model_name: a\n    litellm_params: {{model: gemini/m, api_key: k, {params}}}\n{rest}"
    VALIDATOR.validate(yaml.safe_load(text))
    (folder / "c.yaml").write_text(text)
    return load(folder / "c.yaml", {})


def test_litellms_switch_makes_it_a_limit(tmp_path: Path) -> None:
    assert not read(tmp_path, "rpm: 1", "").routing.enforces_rpm
    made = read(tmp_path, "rpm: 1")
    assert (made.routing.enforces_rpm, made.warnings) == (True, ())
    assert "each deployment is asked at most rpm times a minute, where it is set" in list(table(made, {}))
    other = read(tmp_path, "rpm: 1", "router_settings: {optional_pre_call_checks: [prompt_caching]}\n")
    assert not other.routing.enforces_rpm
    assert [words.partition(": ")[2] for words in other.warnings] == [
        "optional_pre_call_checks 'prompt_caching' is not supported"
    ]
    assert read(tmp_path, "rpm: 1", "router_settings: {optional_pre_call_checks: null}\n").warnings == ()


def test_what_would_let_nothing_through_is_refused(tmp_path: Path) -> None:
    assert read(tmp_path, "rpm: 0.5", "").deployments[0].rpm == 0.5
    with pytest.raises(ConfigError, match=r"c\.yaml:2: rpm 0.5 lets nothing through, with enforce_model_rate_limits"):
        read(tmp_path, "rpm: 0.5")


def test_tpm_stays_a_share_and_that_is_told(tmp_path: Path) -> None:
    assert read(tmp_path, "tpm: 5", "").warnings == ()
    (words,) = read(tmp_path, "tpm: 5").warnings
    assert words == "enforce_model_rate_limits limits rpm alone: tpm of 'a:gemini:0' stays its share"


def test_an_rpm_that_cannot_be_split_is_refused(tmp_path: Path) -> None:
    check_counting(read(tmp_path, "rpm: 3", ""), 4)
    made = read(tmp_path, "rpm: 3")
    check_counting(made, 3)
    with pytest.raises(ConfigError, match=r"rpm of the deployment 'a:gemini:0' is 3, and 4 processes .* share it"):
        check_counting(made, 4)
    shared = f"{SWITCH}imagewire: {{limits_redis: 'redis://host'}}\n"
    check_counting(read(tmp_path, "rpm: 3", shared), 4)
