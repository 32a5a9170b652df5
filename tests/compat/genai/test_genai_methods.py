"""Every public method of Google's SDK is served or clearly refused, as the documentation lists it."""

import inspect
import re
import ssl
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from google import genai

from imagewire_emulator import Emulator
from tests.compat.genai.genai_methods import ABSENT, METHODS, MODEL, REFUSED, SERVED, TLS, Made
from tests.compat.genai.test_google_genai import made_client

pytestmark = pytest.mark.filterwarnings("ignore")
PAGE = Path(__file__).parents[3] / "docs" / "emulator.md"
# Attributes that are no part of the API, and the requests within others.
_OTHER = {"aio", "close", "aclose", "vertexai", "do_request", "do_request_async", "T"}
_NESTED = ("file_search_stores.documents", "live.music")


@pytest.fixture(params=["gemini", "vertex"])
def client(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[genai.Client]:
    with made_client(emulator, request.param) as made:
        yield made


def public(value: Any) -> set[str]:
    return {name for name in dir(type(value)) if not name.startswith("_")} - _OTHER


def methods(client: Any) -> set[str]:
    """The names of all public methods of a client."""
    found = {name: getattr(client, name) for name in public(client)}
    found |= {
        path: getattr(found[path.partition(".")[0]], path.partition(".")[2])
        for path in _NESTED
        if path.partition(".")[0] in found
    }
    found["chats.create()"] = client.chats.create(model=MODEL)
    return {
        f"{resource}.{name}"
        for resource, value in found.items()
        for name in public(value)
        if callable(inspect.getattr_static(type(value), name))
    }


def test_no_method_is_left_out(client: genai.Client) -> None:
    assert methods(client) == {name for name, row in METHODS.items() if not row.only_async}
    assert methods(client.aio) == set(METHODS)


def refused(error: Exception) -> str:
    """What an error says of a method: that it is refused by the emulator, or absent on this API."""
    response = getattr(error, "response", None)
    if isinstance(error, ssl.SSLError):
        return TLS
    code = getattr(error, "code", None) or getattr(error, "status_code", None) or getattr(response, "status_code", None)
    told = str(error) + str(getattr(response, "body", ""))
    # The SDK hides the words that refuse a connection for live interactions.
    if (code == 400 and "The emulator does not serve" in told) or getattr(error, "http_status", None) == 400:
        return REFUSED
    if isinstance(error, (ValueError, NotImplementedError)) and re.search(
        "only supported|does not support|not supported|API only", told
    ):
        return ABSENT
    return f"{type(error).__name__}: {told}"[:200]


def test_sync_methods_are_as_listed(client: genai.Client) -> None:
    told = {name: _told(client, name) for name, row in METHODS.items() if not row.only_async}
    assert told == {name: METHODS[name].states[client.vertexai] for name in told}


def _told(client: genai.Client, name: str) -> str:
    try:
        value = METHODS[name].call(client, Made(client))
        if hasattr(value, "__next__"):
            list(value)
    except Exception as error:  # noqa: BLE001  # it is judged
        return refused(error)
    return SERVED


async def test_async_methods_are_as_listed(client: genai.Client) -> None:
    told = {name: await _told_async(client, name) for name in METHODS}
    await client.aio.aclose()
    assert told == {name: METHODS[name].states[client.vertexai] for name in told}


async def _told_async(client: genai.Client, name: str) -> str:
    try:
        value = METHODS[name].call(client.aio, Made(client))
        if isinstance(value, AbstractAsyncContextManager):
            async with value:
                return SERVED
        if inspect.isawaitable(value):
            value = await value
        if hasattr(value, "__anext__"):
            [_ async for _ in value]
    except Exception as error:  # noqa: BLE001  # it is judged
        return refused(error)
    return SERVED


def test_the_page_lists_them() -> None:
    listed = re.findall(
        r"^\| `([\w.()]+)` \| (\S+) \| (\S+) \|", PAGE.read_text().split("method by method")[-1], re.MULTILINE
    )
    assert {name: tuple(states) for name, *states in listed} == {name: row.states for name, row in METHODS.items()}
