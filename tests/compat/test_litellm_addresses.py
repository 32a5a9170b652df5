"""A deployment with an api_base is asked at the URL at which LiteLLM asks it."""

from typing import Any

import pytest

from imagewire_server.providers.google.addresses import Endpoint, Location, method_url
from tests.compat.conftest import package

pytestmark = pytest.mark.filterwarnings("default")  # the package's own
MODEL = "gemini-2.5-flash-image"
BASES = [
    "https://relay.example",
    "https://relay.example/",
    "https://relay.example/v1",
    "https://relay.example/v1beta1/",
    "https://relay.example/v1beta",
    "https://relay.example/a/b/",
    "https://relay.example/v1/projects/p/locations/eu/publishers/google/models/m",
]


def litellms(provider: Any, api_base: str | None, *, stream: bool, model: str = MODEL) -> str:
    asked = {"model": model, "stream": stream, "custom_llm_provider": provider, "api_base": api_base}
    place = {"vertex_project": "p", "vertex_location": "us-central1", "vertex_credentials": None}
    made = package("litellm.llms.vertex_ai.vertex_llm_base").VertexBase()
    return str(made._get_token_and_url(auth_header=None, gemini_api_key="k", **asked, **place)[1])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api_base", BASES)
def test_the_gemini_api(api_base: str, *, stream: bool) -> None:
    ours = Endpoint("https://unused.example", "v1beta", "k", api_base).model_url(MODEL)
    assert method_url(ours, stream=stream) == litellms("gemini", api_base, stream=stream)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api_base", [None, *BASES])
def test_vertex_ai(api_base: str | None, *, stream: bool) -> None:
    ours = Location("v1", "us-central1", "p", api_base=api_base or "").model_url(MODEL, "")
    assert method_url(ours, stream=stream) == litellms("vertex_ai", api_base, stream=stream)


@pytest.mark.parametrize("model", ["1234567890", "gemini/1234567890", "gemini/tuned"])
def test_a_tuned_model(model: str) -> None:
    ours = Location("v1", "us-central1", "p").model_url(model, "")
    assert method_url(ours, stream=False) == litellms("vertex_ai", None, stream=False, model=model)
