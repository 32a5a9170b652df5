"""Google's providers out of deployments, and the tokens that they share."""

from typing import Any

import pytest

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.settings import Settings
from imagewire_server.providers.google import connector
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.config import GoogleSettings
from imagewire_server.providers.google.connector import GoogleConnector
from imagewire_server.providers.registry import Policy
from tests.deployments import google


class Token:
    """Stands for a GoogleToken; how often its credentials were read again."""

    made: "list[Token]" = []  # noqa: RUF012  # each test has a new one

    def __init__(self, source: str) -> None:
        self.source = source
        self.read = 0
        Token.made.append(self)

    async def reread(self) -> None:
        self.read += 1


async def test_deployments_of_the_same_credentials_share_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "GoogleToken", Token)
    Token.made = []
    made = GoogleConnector(None)  # type: ignore[arg-type]  # nobody is asked

    def provider(deployment: Deployment) -> Any:
        return made.provider(deployment, models(deployment.provider), Settings(), Policy(300))

    def vertex(credentials: str) -> Deployment:
        return google(f"v-{credentials}", "draw", "vertex_ai", "m", credentials=credentials, project="p")

    studio = google("g", "draw", "gemini", "m", api_key="k")
    express = google("e", "draw", "vertex_ai", "m", api_key="k")
    asked = [provider(one) for one in (studio, express, vertex("a"), vertex("a"), vertex("b"))]
    assert [one.name for one in asked] == ["gemini", "vertex_ai", "vertex_ai", "vertex_ai", "vertex_ai"]
    assert [one.source for one in Token.made] == ["a", "b"]
    await made.reread([studio, vertex("b")])
    assert [one.read for one in Token.made] == [0, 1]
    provider(vertex("a"))  # it was forgotten, because no deployment used it
    assert [one.source for one in Token.made] == ["a", "b", "a"]


@pytest.mark.parametrize("name", ["gemini", "vertex_ai"])
async def test_what_is_at_the_host_that_is_asked_may_be_named_by_none(name: str) -> None:
    given = GoogleSettings(gemini_base_url="http://studio.local:1", vertex_base_url="http://vertex.local:2/x")
    settings = Settings(providers=(given,))
    deployment = google("d", "draw", name, "m", api_key="k", api_base="https://Own.local/v1")
    made: Any = GoogleConnector(None).provider(  # type: ignore[arg-type]  # nobody is asked
        deployment, models(name), settings, Policy(300, buckets=(), resources=())
    )
    allowed = made._call._allowed
    at = {
        host: bool(allowed.wrong(f"http://{host}:1/v1beta/files/a"))
        for host in ("own.local", "studio.local", "vertex.local")
    }
    assert at == {"own.local": True, "studio.local": name == "gemini", "vertex.local": name == "vertex_ai"}
