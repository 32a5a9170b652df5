"""Where a server inside the process asks: the arguments of the call come before the program's environment."""

import json
from typing import Any

import pytest

import imagewire
from imagewire import completion
from imagewire.litellm.params import read
from imagewire_server.providers.google import addresses
from imagewire_server.providers.google.config import GoogleSettings, of
from imagewire_server.providers.registry import load
from tests.integration.processes import Program

GEMINI, VERTEX = "gemini/gemini-2.5-flash-image", "vertex_ai/gemini-2.5-flash-image"
SAY = [{"role": "user", "content": "A banana"}]
ACCOUNT = {"type": "service_account", "project_id": "own"}
# What a program may have in its environment for other calls.
OTHERS = {
    "GEMINI_API_KEY": "other",
    "GOOGLE_API_KEY": "other",
    "IMAGEWIRE_GEMINI_API_KEY": "other",
    "GEMINI_API_BASE": "http://other",
    "IMAGEWIRE_GEMINI_BASE_URL": "http://other",
    "VERTEXAI_API_BASE": "http://other",
    "VERTEXAI_PROJECT": "other",
    "VERTEXAI_LOCATION": "other",
    "VERTEXAI_CREDENTIALS": "/other.json",
}


def served(model: str, **options: Any) -> tuple[Any, GoogleSettings]:
    """The deployment of a server inside the process, and its settings."""
    variables = dict(read(model, SAY, options).connection.variables)
    config = load(None, {**OTHERS, **variables}, rest="off")
    provider = model.partition("/")[0]
    options = of(next(one for one in config.deployments if one.provider == provider))
    return options, config.settings.of(GoogleSettings)


@pytest.mark.parametrize("name", ["api_base", "base_url"])
@pytest.mark.parametrize("base", ["http://a/v1beta", "http://a/v1beta/", "http://a"])
def test_a_base_has_litellm_s_meaning(name: str, base: str) -> None:
    options, settings = served(GEMINI, **{name: base, "api_key": "mine"})
    assert options.api_key == "mine"
    assert addresses.endpoint(options, settings).model_url("m") == f"{base.rstrip('/')}/models/m"


def test_vertex_s_base_has_litellm_s_meaning() -> None:
    place = {"vertex_project": "p", "vertex_location": "eu"}
    options, settings = served(VERTEX, api_base="http://a/v1beta1", **place)
    url = "http://a/v1beta1/projects/p/locations/eu/publishers/google/models/m"
    assert addresses.location(options, settings).model_url("m", "") == url


@pytest.mark.parametrize("name", ["vertex_credentials", "vertex_ai_credentials"])
@pytest.mark.parametrize("given", ["/mine.json", json.dumps(ACCOUNT), ACCOUNT], ids=["file", "text", "mapping"])
def test_credentials_of_vertex_ai(name: str, given: Any) -> None:
    options, _ = served(VERTEX, **{name: given})
    assert options.credentials == (json.dumps(given) if isinstance(given, dict) else given)
    asked = read(VERTEX, SAY, {name: given})
    assert "account" not in repr(asked)
    assert "mine" not in repr(asked)


def test_credentials_are_not_for_a_server_that_runs() -> None:
    with pytest.raises(imagewire.InvalidRequest, match="vertex_credentials is not for the server at host:1"):
        read(VERTEX, SAY, {"target": "host:1", "vertex_credentials": "/mine.json"})


def test_a_base_with_its_version_is_asked(emulator: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGEWIRE_TARGET", raising=False)
    answer = completion(GEMINI, SAY, api_base=f"{emulator.address}/v1beta", api_key="emulator-key")
    assert answer.choices[0].message.images
