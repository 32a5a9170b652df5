"""Clients of Google's SDK, unmodified but for the base URL and the key: of the emulator itself, and of a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from google import genai
from google.auth.credentials import AnonymousCredentials
from google.genai import types

from imagewire_server.config.deployments import Deployment
from tests.conftest import Stack, running_stack
from tests.deployments import google
from tests.integration.caller_keys import policy

KEY = "key-a"


class Token(AnonymousCredentials):  # type: ignore[no-untyped-call]
    """Credentials that hold a token already."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token

    @property
    def expired(self) -> bool:
        return False


class Pair(NamedTuple):
    """The same client twice."""

    directly: genai.Client
    through: genai.Client


def client(url: str, key: str, *, vertex: bool, express: bool = False, **more: Any) -> genai.Client:
    options = types.HttpOptions(base_url=url, **more)
    if express:
        return genai.Client(vertexai=True, api_key=key, http_options=options)
    if vertex:
        given: Any = {"project": "p", "location": "global", "credentials": Token(key)}
        return genai.Client(vertexai=True, http_options=options, **given)
    return genai.Client(api_key=key, http_options=options)


def _all(provider: str, key: str) -> Deployment:
    return google(provider, f"{provider}/*", provider, "*", api_key=key)


@asynccontextmanager
async def running(*, vertex: bool, beside: Stack | None = None, **settings: Any) -> AsyncIterator[tuple[Stack, Pair]]:
    """A server with every model of one of Google's APIs, and the clients."""
    deployments = (_all("vertex_ai" if vertex else "gemini", "emulator-key"),)
    async with running_stack(deployments, callers=(policy("a"),), rest=True, beside=beside, **settings) as stack:
        emulator = stack.emulator
        directly = client(emulator.base_url, emulator.token if vertex else emulator.api_key, vertex=vertex)
        pair = Pair(directly, client(str(stack.rest.base_url), KEY, vertex=vertex))
        yield stack, pair
        for one in pair:
            await one.aio.aclose()
            one.close()


def said(answer: Any) -> Any:
    """All that an answer says, but for what differs with each call: its id, its time, HTTP's headers."""
    return answer.model_dump(exclude={"sdk_http_response", "response_id", "create_time"})
