"""Files in the manner of LiteLLM's users load, or are refused, as expected.yaml says, and ask exactly what it says."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from imagewire_server.config.source import ConfigError
from imagewire_server.providers.registry import load
from tests.integration.token_server import PRIVATE_KEY
from tests.litellm_files.asking import COMMON, requests

ACCOUNT = {
    "type": "service_account", "project_id": "project-of-the-account", "client_email": "robot",
    "private_key": PRIVATE_KEY, "token_uri": "https://oauth2.example/token",
}  # fmt: skip
HERE = Path(__file__).parent
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "expected.yaml").read_text())
ENVIRON = {
    "GEMINI_API_KEY": "gemini-key",
    "GEMINI_KEY_2": "gemini-key-2",
    "MASTER_KEY": "sk-1234",
    "PRIVATE_KEY": PRIVATE_KEY,
    "PROJECT": "env-project",
    "SERVICE_ACCOUNT": json.dumps(ACCOUNT),
    "VERTEX_API_KEY": "vertex-key",
}


@pytest.fixture(autouse=True)
def _in_their_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / "files")


def test_each_file_has_its_expectation_and_there_are_enough() -> None:
    assert {path.stem for path in (HERE / "files").iterdir()} == set(EXPECTED)
    assert len(EXPECTED) >= 40


@pytest.mark.parametrize("name", [name for name in EXPECTED if "refuses" in EXPECTED[name]])
def test_a_file_is_refused(name: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(Path(f"{name}.yaml"), ENVIRON)
    assert str(refused.value).removeprefix(f"{name}.yaml").removeprefix(":") == EXPECTED[name]["refuses"]


@pytest.mark.parametrize("name", [name for name in EXPECTED if "refuses" not in EXPECTED[name]])
def test_a_file_loads_and_asks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = EXPECTED[name]
    config = load(Path(f"{name}.yaml"), {**ENVIRON, **expected.get("env", {})})
    assert [words.removeprefix(f"{name}.yaml:") for words in config.warnings] == expected["warnings"]
    assert [list(alias) for alias in config.routing.aliases] == expected.get("aliases", [])
    assert {source: list(to) for source, to in config.routing.fallbacks} == expected.get("fallbacks", {})
    assert config.master_key == expected.get("key", "")
    wanted = [{**one, "body": {**COMMON, **one.get("body", {})}} for one in expected["requests"]]
    assert asyncio.run(requests(config, monkeypatch)) == wanted


@pytest.mark.parametrize(
    ("name", "caller", "config"),
    [
        ("30_sampling", {"temperature": 1.0, "stop": "X"}, {"temperature": 1.0, "stopSequences": ["X"], "topK": 40}),
        ("33_the_picture", {"aspect_ratio": "1:1"}, {"imageConfig": {"aspectRatio": "1:1", "imageSize": "2K"}}),
        ("33_the_picture", {"modalities": ["text", "image"]}, {"responseModalities": ["TEXT", "IMAGE"]}),
        ("32_extra_body", {"temperature": 1.0}, {"temperature": 1.0, "responseLogprobs": False}),
        (
            "30_sampling",
            {"extra_body": {"generationConfig": {"temperature": 0.75, "responseModalities": ["IMAGE"]}}},
            {"temperature": 0.75, "responseModalities": ["IMAGE"], "topK": 40},
        ),
        (
            "38_models_that_only_talk",
            {"extra_body": {"generationConfig": {"responseModalities": ["IMAGE"]}}},
            {"responseModalities": ["IMAGE"]},
        ),
        ("38_models_that_only_talk", {"modalities": ["image"]}, {"responseModalities": ["IMAGE"]}),
    ],
)
def test_what_the_caller_says_comes_first(
    name: str, caller: dict[str, Any], config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = load(Path(f"{name}.yaml"), ENVIRON)
    first, *_ = asyncio.run(requests(made, monkeypatch, **caller))
    assert {key: first["body"]["generationConfig"][key] for key in config} == config


@pytest.mark.parametrize(
    ("caller", "gone"),
    [
        ({"presence_penalty": 0}, "presencePenalty"),
        ({"frequency_penalty": 0}, "frequencyPenalty"),
        ({"stop": []}, "stopSequences"),
        ({"tools": []}, "tools"),
        ({"tool_choice": "none"}, "tools"),
        ({"tools": [{"google_search": {}}], "tool_choice": "none"}, "tools"),
        ({"service_tier": "auto"}, "serviceTier"),
    ],
    ids=str,
)
def test_what_the_caller_clears_has_no_default(
    caller: dict[str, Any], gone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(Path("78_what_a_caller_clears.yaml"), ENVIRON)
    (alone,) = asyncio.run(requests(config, monkeypatch))
    (asked,) = asyncio.run(requests(config, monkeypatch, **caller))
    expected = alone["body"]
    del (expected if gone in expected else expected["generationConfig"])[gone]
    assert asked["body"] == expected
