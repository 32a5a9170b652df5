"""LiteLLM's own router asks the Gemini API for the same as this server, from the same file."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from imagewire_server.contract.native_rules import camel
from tests.compat.conftest import package
from tests.litellm_files.asking import COMMON

pytestmark = pytest.mark.filterwarnings("default")  # the package's own
FOLDER = Path(__file__).parents[1] / "litellm_files"
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "expected.yaml").read_text())
ANSWER = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Here"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
}
# Each file with the deployments that are compared.
FILES = {
    "01_one_model": ["gemini-image-gen"],
    "02_openai_beside_gemini": ["nano-banana"],
    "11_keys_of_calls": ["draw"],
    "13_base_url": ["draw"],
    "30_sampling": ["draw"],
    "31_safety_settings": ["draw"],
    "32_extra_body": ["draw"],
    "33_the_picture": ["three", "four"],
    "35_tools": ["search", "search-openai"],
    "38_models_that_only_talk": ["chat", "draw"],
    "39_gemini_api_bases": ["version", "host", "gateway"],
}
KEYS = {"GEMINI_API_KEY": "gemini-key", "OPENAI_API_KEY": "openai-key"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str], Any]]:
    """What LiteLLM posts: URL, headers and body."""
    found: list[tuple[str, dict[str, str], Any]] = []

    def post(_: Any, url: str, data: Any = None, **more: Any) -> httpx.Response:
        body = more.get("json") if more.get("json") is not None else json.loads(data)
        found.append((str(url), more.get("headers") or {}, body))
        return httpx.Response(200, json=ANSWER, request=httpx.Request("POST", str(url)))

    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(package("litellm.llms.custom_httpx.http_handler").HTTPHandler, "post", post)
    return found


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in FILES.items() for name in names])
def test_litellm_asks_for_the_same(asked: list[tuple[str, dict[str, str], Any]], file: str, name: str) -> None:
    entries = yaml.safe_load((FOLDER / f"files/{file}.yaml").read_text())["model_list"]
    (number,) = [i for i, entry in enumerate(entries) if entry["model_name"] == name]
    params = {key: _resolved(value) for key, value in entries[number]["litellm_params"].items()}
    router = package("litellm").Router(
        [{"model_name": name, "litellm_params": {**params, "num_retries": 0, "max_retries": 0}}], num_retries=0
    )
    router.completion(model=name, messages=[{"role": "user", "content": "A banana"}])
    ((url, headers, body),) = asked
    (ours,) = [one for one in EXPECTED[file]["requests"] if one["id"] == f"{name}:gemini:{number}"]
    # It asks v1alpha for models of generation 3, and for the model's old id.
    assert url.replace("googleapis.com/v1alpha/", "googleapis.com/v1beta/").replace("-preview:", ":") == ours["url"]
    assert headers["x-goog-api-key"] == ours["headers"]["x-goog-api-key"]
    assert _flat(body).items() <= _flat({**COMMON, **ours.get("body", {})}).items()


def _resolved(value: Any) -> Any:
    return KEYS[value.removeprefix("os.environ/")] if str(value).startswith("os.environ/") else value


def _flat(value: dict[str, Any], path: str = "") -> dict[str, str]:
    """The values of an object by their path, in camelCase as Google's; of lists as JSON."""
    found: dict[str, str] = {}
    for key, inside in value.items():
        name = f"{path}{camel(key)}"
        found |= _flat(inside, f"{name}.") if isinstance(inside, dict) else {name: json.dumps(inside)}
    return found
