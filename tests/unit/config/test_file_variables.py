"""Variables under `environment_variables`: those that the file refers to are used, whatever becomes of what refers."""

from pathlib import Path

import pytest

from imagewire_server.providers.registry import load
from tests.unit.config.files import entry, written

SKIPPED = "  - {model_name: b, litellm_params: {model: %s, api_key: k, rpm: os.environ/NUM}}\n"
NUM = "environment_variables: {NUM: 5, OTHER: 1}\n"
CREDENTIALS = "credential_list: [{credential_name: c, credential_values: {api_key: os.environ/NUM}}]\n"


@pytest.mark.parametrize(
    "text",
    [
        entry() + SKIPPED % "os.environ/MODEL",
        entry() + SKIPPED % "openai/gpt-4o",
        entry("model: gemini/m, api_key: k, extra_body: {a: os.environ/UNSET, b: os.environ/NUM}"),
        entry() + "  - {model_name: b, litellm_params: {model: os.environ/MODEL, litellm_credential_name: c}}\n",
    ],
    ids=["a model of the environment", "of another provider", "an unresolved default", "its credentials"],
)
def test_what_the_file_refers_to_is_used(tmp_path: Path, text: str) -> None:
    config = load(written(tmp_path, text + NUM + CREDENTIALS), {}, resolve=False)
    told = [words for words in config.warnings if "environment_variables" in words]
    assert told == ["environment_variables.OTHER is not supported"]


def test_the_same_without_and_with_the_environment(tmp_path: Path) -> None:
    file = written(tmp_path, entry() + SKIPPED % "os.environ/MODEL" + "environment_variables: {NUM: 5}\n")
    assert load(file, {"MODEL": "gemini/m"}, strict=True).warnings == ()
    assert load(file, {}, resolve=False, strict=True).warnings == ()


@pytest.mark.parametrize("name", ["b", "os.environ/NAME"])
def test_fallbacks_and_aliases_may_name_what_the_environment_says(tmp_path: Path, name: str) -> None:
    model = f"  - {{model_name: {name}, litellm_params: {{model: os.environ/MODEL, api_key: k}}}}\n"
    router = "router_settings: {fallbacks: [{a: [b]}, {b: [a]}], model_group_alias: {c: b}}\n"
    file = written(tmp_path, entry() + model + router)
    assert load(file, {"MODEL": "gemini/m", "NAME": "b"}, strict=True).warnings == ()
    assert load(file, {}, resolve=False, strict=True).warnings == ()
