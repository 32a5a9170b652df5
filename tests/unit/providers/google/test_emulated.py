"""What `serve --demo` makes of a configuration: the file's names, answered by the emulator without any key."""

from pathlib import Path

import pytest

from imagewire_server.config.source import ConfigError
from imagewire_server.providers.google.config import emulated, of
from imagewire_server.providers.registry import load

MODELS = """\
model_list:
  - model_name: gemini-image-gen
    litellm_params: {model: gemini/gemini-2.5-flash-image-preview, api_key: os.environ/GEMINI_API_KEY, rpm: 7}
  - model_name: vertex
    litellm_params:
      model: vertex_ai/gemini-3-pro-image
      vertex_project: os.environ/MY_PROJECT
      vertex_credentials: os.environ/MY_CREDENTIALS
      extra_headers: {x-team: art}
"""


def test_the_files_names_are_the_emulators(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(MODELS)
    with pytest.raises(ConfigError, match="GEMINI_API_KEY is not set"):
        load(file, {})
    made = emulated(load(file, {}, demo=True), "http://127.0.0.1:1", "any")
    assert [(one.name, one.provider, one.model) for one in made.deployments] == [
        ("gemini-image-gen", "gemini", "gemini-2.5-flash-image-preview"),
        ("vertex", "vertex_ai", "gemini-3-pro-image"),
    ]
    assert made.deployments[0].rpm == 7
    options = [of(one) for one in made.deployments]
    assert {(one.api_key, one.api_base, one.project, one.credentials) for one in options} == {("any", "", "", "")}
    assert options[1].extra_headers == (("x-team", "art"),)


@pytest.mark.parametrize("text", ["", "imagewire: {log_level: debug}\n"])
@pytest.mark.parametrize("environ", [{}, {"GEMINI_API_KEY": "k"}, {"VERTEXAI_PROJECT": "p"}], ids=str)
def test_without_a_list_any_name_is(tmp_path: Path, text: str, environ: dict[str, str]) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    made = emulated(load(file, environ, demo=True), "http://127.0.0.1:1", "any")
    assert [one.name for one in made.deployments] == ["gemini/*", "*"]


def test_a_key_of_callers_is_still_looked_up(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(MODELS + "general_settings: {master_key: os.environ/NOWHERE}\n")
    with pytest.raises(ConfigError, match="NOWHERE is not set"):
        load(file, {}, demo=True, grpc="0.0.0.0:50051", plaintext="anywhere")
