"""A file is tried with --demo: variables and models that the emulator does not need do not stop it, and are told."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from imagewire_server.cli import app
from imagewire_server.config.source import ConfigError
from imagewire_server.providers.registry import load
from tests.unit.config.files import written

MODELS = """\
model_list:
  - {model_name: img, litellm_params: {model: os.environ/IMG_MODEL, api_key: os.environ/NONE}}
  - {model_name: talk, litellm_params: {model: gemini/gemini-2.5-flash, api_key: os.environ/NONE}}
"""
KEY = "general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}\n"


def test_a_demo_serves_what_draws(tmp_path: Path) -> None:
    config = load(written(tmp_path, MODELS), {}, demo=True)
    assert [(one.name, one.model) for one in config.deployments] == [("img", "gemini-2.5-flash-image")]
    told = " ".join(config.warnings)
    assert "gemini/gemini-2.5-flash-image stands for the model: IMG_MODEL is not set" in told
    assert "1 model that only talks, which the demo does not have, skipped: talk (gemini/gemini-2.5-flash)" in told


def test_a_demo_needs_no_credentials(tmp_path: Path) -> None:
    model = "{model: vertex_ai/gemini-3-pro-image, vertex_credentials: /nowhere.json}"
    file = written(tmp_path, f"model_list: [{{model_name: a, litellm_params: {model}}}]\n")
    assert load(file, {}, demo=True).warnings == ()
    assert len(load(file, {}).warnings) == 1


def test_a_demo_on_this_machine_needs_no_key_whose_variable_is_not_set(tmp_path: Path) -> None:
    file = written(tmp_path, MODELS + KEY)
    config = load(file, {}, demo=True)
    assert config.master_key == ""
    assert "LITELLM_MASTER_KEY is not set, so callers of the demo need no key" in " ".join(config.warnings)
    assert load(file, {"LITELLM_MASTER_KEY": "sk-1"}, demo=True).master_key == "sk-1"


@pytest.mark.parametrize(
    "given",
    [
        {"demo": True, "rest": "0.0.0.0:4000", "plaintext": "anywhere"},
        {"demo": True, "grpc": "0.0.0.0:1", "plaintext": "anywhere"},
        {},
    ],
)
def test_elsewhere_the_key_must_be_set(tmp_path: Path, given: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="LITELLM_MASTER_KEY is not set; set it"):
        load(written(tmp_path, MODELS + KEY), {"IMG_MODEL": "gemini/m", "NONE": "k"}, **given)


@pytest.mark.parametrize("key", ["", "null", "~"])
def test_an_empty_master_key_stops_the_start_by_its_name(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=r"general_settings\.master_key is empty: set a key, or remove the line"):
        load(written(tmp_path, f"general_settings:\n  master_key: {key}\n"), {})


def test_a_check_without_variables_takes_a_file_whose_models_they_name(tmp_path: Path) -> None:
    file = written(tmp_path, MODELS.splitlines()[0] + "\n" + MODELS.splitlines()[1] + "\n")
    ended = CliRunner().invoke(app, ["check", "--no-env", "--config", str(file)])
    assert ended.exit_code == 0, ended.output
    assert "img\n  os.environ/IMG_MODEL  is served if" in ended.output
