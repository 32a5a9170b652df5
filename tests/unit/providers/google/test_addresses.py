"""The URLs of models. With an api_base they are LiteLLM's."""

import pytest

from imagewire_server.contract.relayed import RelayedRequest
from imagewire_server.providers.google.addresses import Endpoint, Location, relayed_url

GOOGLE = "https://generativelanguage.googleapis.com"
P = "projects/p/locations/eu"


@pytest.mark.parametrize(
    ("api_base", "base_url", "url"),
    [
        ("", GOOGLE, f"{GOOGLE}/v1beta/models/m"),
        ("", "http://127.0.0.1:1/x/", "http://127.0.0.1:1/x/v1beta/models/m"),
        ("https://relay.example", GOOGLE, "https://relay.example/models/m"),
        ("https://relay.example/gemini/v1beta/", GOOGLE, "https://relay.example/gemini/v1beta/models/m"),
        (GOOGLE, "https://x.example", f"{GOOGLE}/v1beta/models/m"),
        (f"{GOOGLE}/v1", GOOGLE, f"{GOOGLE}/v1/models/m"),
    ],
)
def test_the_gemini_api(api_base: str, base_url: str, url: str) -> None:
    assert Endpoint(base_url, "v1beta", "k", api_base).model_url("m") == url


@pytest.mark.parametrize(
    ("api_base", "url"),
    [
        ("https://relay.example", f"https://relay.example/v1/{P}/publishers/google/models/m"),
        ("https://relay.example/", f"https://relay.example/v1/{P}/publishers/google/models/m"),
        ("https://relay.example/v1", f"https://relay.example/v1/{P}/publishers/google/models/m"),
        ("https://relay.example/v1beta1/", f"https://relay.example/v1beta1/{P}/publishers/google/models/m"),
        ("https://relay.example/a/v1/projects/q/models/n", "https://relay.example/a/v1/projects/q/models/n"),
        ("https://relay.example/vertex", "https://relay.example/vertex"),
    ],
)
def test_vertex_ai_at_an_api_base(api_base: str, url: str) -> None:
    assert Location("v1", "eu", "p", "https://x.example", api_base=api_base).model_url("m", "q") == url


@pytest.mark.parametrize(
    ("location", "native_id", "url"),
    [
        (Location("v1", "eu", "p"), "m", f"https://aiplatform.eu.rep.googleapis.com/v1/{P}/publishers/google/models/m"),
        (Location("v1", "eu"), "m", "https://aiplatform.eu.rep.googleapis.com/v1/projects/q/locations/eu/publishers/google/models/m"),
        (Location("v1", "eu", "p", api_key="k"), "m", "https://aiplatform.googleapis.com/v1/publishers/google/models/m"),
        (Location("v1", "eu", "p", "http://h/x/"), "m", f"http://h/x/v1/{P}/publishers/google/models/m"),
        (Location("v1", "us-central1", "p"), "12345", "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/endpoints/12345"),
        (Location("v1", "us-central1", "p"), "gemini/12345", "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/endpoints/12345"),
    ],
)  # fmt: skip
def test_vertex_ai(location: Location, native_id: str, url: str) -> None:
    assert location.model_url(native_id, "q") == url


def test_a_relayed_request_keeps_its_method_and_its_query() -> None:
    assert relayed_url("http://a/models/b", RelayedRequest("countTokens", b"")) == "http://a/models/b:countTokens"
    asked = RelayedRequest("streamGenerateContent", b"", "alt=sse")
    assert relayed_url("http://a/models/b", asked) == "http://a/models/b:streamGenerateContent?alt=sse"
