"""Each key has a state of its own: suites that run in parallel on one emulator never see each other."""

import asyncio
from typing import Any

import aiohttp
import pytest

from imagewire_emulator import Emulator
from imagewire_emulator.state import States
from tests.emulator.requests import ask

MODEL = "emulator-size-200000"


def suite(emulator: Emulator, name: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(emulator.base_url, headers={"x-goog-api-key": f"{emulator.api_key}-{name}"})


async def steered(emulator: Emulator, name: str, calls: int) -> None:
    """What a suite does: set a fault, a quota and files, make calls, count them, and clear it all."""
    async with suite(emulator, name) as client:

        async def control(method: str, path: str, given: Any = None) -> Any:
            async with client.request(method, f"/_emulator{path}", json=given) as answer:
                assert answer.status == 200, await answer.text()
                return await answer.json()

        assert await control("GET", "/requests") == []
        await control("POST", "/quota", {"requests": calls})
        await control("POST", "/directives", {"directives": "503 times 1"})
        statuses = [(await ask(client, MODEL, None))[0] for _ in range(calls + 1)]
        assert statuses == [503, *[200] * (calls - 1), 429]
        assert await control("GET", "/charges") == {"requests": calls + 1, "charged": calls - 1, "pictures": calls - 1}
        start = {"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start"}
        file = {"file": {"name": "files/of-a-suite", "displayName": name}}
        async with client.post("/upload/v1beta/files", headers=start, json=file) as answer:
            url = answer.headers["X-Goog-Upload-URL"]
        async with aiohttp.ClientSession() as keyless, keyless.post(url, data=name.encode()) as answer:
            assert answer.headers["X-Goog-Upload-Status"] == "final"
        async with client.get("/v1beta/files") as answer:
            (listed,) = (await answer.json())["files"]
        assert listed["displayName"] == name
        await control("POST", "/reset")
        async with client.get("/v1beta/files") as answer:
            assert await answer.json() == {}
        assert [entry["path"] for entry in await control("GET", "/requests")] == ["/v1beta/files"]


async def test_eight_suites_in_parallel_on_one_emulator_never_see_each_other(emulator: Emulator) -> None:
    async with asyncio.TaskGroup() as suites:
        for number in range(8):
            suites.create_task(steered(emulator, f"suite-{number}", 3 + number))
    assert emulator.ledger.entries == []


async def test_a_key_and_a_token_of_one_name_share_a_state(emulator: Emulator) -> None:
    model = "/v1/projects/p/locations/global/publishers/google/models/gemini-3-pro-image:countTokens"
    asked = {"contents": [{"role": "user", "parts": [{"text": "A banana"}]}]}
    async with suite(emulator, "one") as client:
        token = {"authorization": f"Bearer {emulator.token}-one"}
        async with client.post(model, json=asked, headers=token) as answer:
            assert answer.status == 200
        async with client.get("/_emulator/requests") as answer:
            assert [entry["auth"] for entry in await answer.json()] == ["bearer"]


@pytest.mark.parametrize("key", ["emulator-key-", "emulator-keyone", "emulator-key-a b", "emulator-key-é", "x", ""])
async def test_other_keys_are_wrong_and_have_no_state(emulator: Emulator, key: str) -> None:
    async with aiohttp.ClientSession(emulator.base_url, headers={"x-goog-api-key": key}) as client:
        status, text = await ask(client, MODEL)
    assert status == 400
    assert b"API_KEY_INVALID" in text
    assert [entry.status for entry in emulator.ledger.entries] == [400]


async def test_the_page_of_a_key_shows_its_calls(emulator: Emulator) -> None:
    async with suite(emulator, "one") as client:
        await ask(client, "emulator-429")
    async with aiohttp.ClientSession(emulator.base_url) as browser:
        for key, shown in (("emulator-key-one", True), ("emulator-key-two", False)):
            async with browser.get(f"/?key={key}") as page:
                assert ("429 error" in await page.text()) is shown


def test_the_states_are_bounded() -> None:
    states = States()
    kept, oldest = states.find("kept"), states.find("oldest")
    for number in range(998):
        states.find(str(number))
    assert states.find("kept") is kept
    states.find("one more")
    assert states.find("oldest") is not oldest
    assert states.find("") is states.nameless
