"""What decides what a deployment of Google's sends, and where: all of that, and no credentials."""

import dataclasses
from typing import Any

import pytest

from imagewire_server.contract.errors import Unreachable
from imagewire_server.contract.provider import ModelTable
from imagewire_server.providers.google import token
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.connector import GoogleConnector
from imagewire_server.providers.registry import Policy
from tests.deployments import google, settings

MODEL = "gemini-2.5-flash-image"


async def target(provider: str = "gemini", own: dict[str, Any] | None = None, **fields: Any) -> str:
    """Of a deployment. own: of the settings."""
    connector = GoogleConnector(None)  # type: ignore[arg-type]  # nobody is asked
    known = fields.pop("models", models(provider))
    one = google("a", "draw", provider, MODEL, **{"api_key": "k", **fields})
    made = connector.provider(one, known, settings(**(own or {})), Policy(300))
    return await made.target(MODEL)


def changed(**fields: Any) -> ModelTable:
    known = models("gemini")
    return ModelTable([dataclasses.replace(model, **fields) for model in known.models], known.unknown)


BASE = "https://user:secret@relay.example/v1beta"


@pytest.mark.parametrize(
    ("provider", "other"),
    [
        ("gemini", {"api_base": "https://relay.example"}),
        ("gemini", {"own": {"gemini_base_url": "https://relay.example"}}),
        ("gemini", {"own": {"gemini_api_version": "v1"}}),
        ("gemini", {"extra_headers": (("x-tenant", "a"),)}),
        ("gemini", {"models": changed(system_instruction=True)}),
        ("gemini", {"models": changed(unsigned_signature="none")}),
        ("gemini", {"models": changed(talks=True)}),
        ("vertex_ai", {"api_base": "https://relay.example/models/a@001"}),
        ("vertex_ai", {"own": {"vertex_base_url": "https://relay.example"}}),
        ("vertex_ai", {"own": {"vertex_api_version": "v1beta1"}}),
        ("vertex_ai", {"api_key": "", "project": "p"}),
    ],
)
async def test_what_decides_counts(provider: str, other: dict[str, Any]) -> None:
    assert await target(provider, **other) != await target(provider)


async def test_project_and_location_count() -> None:
    places = [("p", "eu"), ("q", "eu"), ("p", "us")]
    found = [await target("vertex_ai", api_key="", project=one, location=two) for one, two in places]
    assert len(set(found)) == 3
    urls = [f"https://relay.example/models/a@00{n}" for n in (1, 2)]
    assert len({await target("vertex_ai", api_base=url) for url in urls}) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"api_key": "other"},
        {"timeout": 7.0},
        {"extra_headers": (("authorization", "Bearer secret"), ("x-goog-api-key", "secret"))},
        {"extra_headers": (("proxy-authorization", "secret"), ("user-agent", "secret"))},
        {"api_base": BASE.replace("secret", "other")},
        {"api_base": "https://relay.example/v1beta/"},
        {"models": changed(price=None)},
        {"own": {"gemini_api_key": "secret", "vertex_location": "eu"}},
    ],
)
async def test_what_does_not_decide_does_not_count(other: dict[str, Any]) -> None:
    given = await target(**{"api_base": BASE, **other})
    assert given == await target(api_base=BASE)
    assert "secret" not in given


async def test_the_order_of_headers_does_not_count() -> None:
    one, two = ("x-a", "1"), ("x-b", "2")
    assert await target(extra_headers=(one, two)) == await target(extra_headers=(two, one))


async def test_the_project_of_the_credentials_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the deployment has none of its own; no token is needed to know it."""
    found = []
    for project in ("p", "q"):
        monkeypatch.setattr(token, "_load", lambda source, project=project: (None, project))
        found.append(await target("vertex_ai", api_key="", credentials="sa.json"))
        assert await target("vertex_ai", api_key="", project="own") == await target(
            "vertex_ai", api_key="", project="own", credentials="other.json"
        )
    assert found[0] != found[1]
    assert found[0] == await target("vertex_ai", api_key="", project="p")


async def test_credentials_that_cannot_be_read_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(source: str) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(token, "_load", load)
    with pytest.raises(Unreachable):
        await target("vertex_ai", api_key="", credentials="sa.json")
