"""The example files in LiteLLM's own package, each with a Gemini model beside its others: all but the named load."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from imagewire_server.config.source import ConfigError
from imagewire_server.providers.registry import load
from tests.compat.conftest import missing

_ROOT = Path(__file__).parents[3]
_OURS = {"model_name": "draw", "litellm_params": {"model": "gemini/gemini-2.5-flash-image", "api_key": "k"}}
# What cannot be loaded, and why.
_REFUSED = {
    "langfuse_config.yaml": "litellm_params is missing",  # LiteLLM does not start with it either
    "pass_through_config.yaml": "custom_auth asks for authentication",
}


def _examples() -> dict[str, dict[str, Any]]:
    """The files with models, by name."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted((_ROOT / ".venv-programs/lib").glob("python*/site-packages/litellm/proxy/**/*.y*ml")):
        read = yaml.safe_load(file.read_text())
        if isinstance(read, dict) and isinstance(read.get("model_list"), list):
            found[file.name] = read
    return found


def test_they_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = _examples()
    if not examples:
        missing("LiteLLM's proxy: run make interop, which installs it into .venv-programs")
    monkeypatch.delenv("IMAGEWIRE_MASTER_KEY", raising=False)
    refused = {}
    file = tmp_path / "config.yaml"
    for name, example in examples.items():
        file.write_text(yaml.safe_dump({**example, "model_list": [*example["model_list"], _OURS]}, sort_keys=False))
        try:
            made = load(file, {}, resolve=False)
        except ConfigError as error:
            refused[name] = str(error)
        else:
            assert "draw" in {deployment.name for deployment in made.deployments}, name
    assert len(examples) > 20
    assert refused.keys() == _REFUSED.keys()
    assert all(_REFUSED[name] in words for name, words in refused.items())
