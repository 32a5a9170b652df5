"""What callers send cannot fill the memory, spend a quota twice, or reach another's state."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web

from imagewire_emulator import Emulator, ledger
from imagewire_emulator.app import EmulatorApp
from imagewire_emulator.ledger import Bodies, Ledger
from tests.emulator.requests import ask, body


def test_the_newest_bodies_are_kept_over_all_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_KEPT_BYTES", 1000)
    bodies = Bodies()
    one, other = Ledger(bodies), Ledger(bodies)
    for made in (one, other, one):
        made.keep(made.open("POST", "/"), {"text": "x" * 400})
    first, last = one.entries
    assert first.body is None
    assert last.body == other.entries[0].body == {"text": "x" * 400}


async def test_calls_at_the_same_time_share_a_quota_of_pictures(client: aiohttp.ClientSession) -> None:
    async with client.post("/_emulator/quota", json={"pictures": 3}) as answer:
        assert answer.status == 200
    given = body("a banana x-emulate: size=100KB; latency=100ms")
    answers = await asyncio.gather(*(ask(client, "gemini-3-pro-image", given) for _ in range(8)))
    assert sorted(status for status, _ in answers) == [200] * 3 + [429] * 5
    async with client.get("/_emulator/charges") as answer:
        assert (await answer.json())["charged"] == 3


@pytest.mark.parametrize("header", [{"x-goog-api-key": "my-suite"}, {"Authorization": "Bearer my-suite"}])
async def test_a_wrong_key_does_not_steer_another_state(emulator: Emulator, header: dict[str, str]) -> None:
    async with aiohttp.ClientSession(emulator.base_url, headers=header) as wrong:
        for method, path in (("POST", "/_emulator/reset"), ("GET", "/_emulator/requests"), ("GET", "/")):
            async with wrong.request(method, path) as answer:
                assert answer.status == 400
                assert "emulator-key-NAME" in (await answer.json())["error"]["message"]


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("http://evil.example", None, 403),
        ("null", None, 403),
        ("http://evil.example", "evil.example", 403),
        ("http://127.0.0.1:1", "127.0.0.1:1", 200),
        ("http://localhost:1", "localhost:1", 200),
        (None, "emulator:8787", 200),
        (None, "evil.example", 403),
    ],
)
async def test_pages_of_other_sites_do_not_steer(
    client: aiohttp.ClientSession, origin: str | None, host: str | None, status: int
) -> None:
    headers = {name: value for name, value in (("Origin", origin), ("Host", host)) if value}
    async with client.post("/_emulator/reset", headers=headers) as answer:
        assert answer.status == status


@pytest.mark.parametrize("depth", [150, 600, 950, 5000])
@pytest.mark.parametrize("method", ["generateContent", "countTokens"])
async def test_nesting_has_a_limit(client: aiohttp.ClientSession, depth: int, method: str) -> None:
    deep = "[" * depth + "]" * depth
    data = f'{{"contents": [{{"parts": [{{"functionCall": {{"name": "f", "args": {{"x": {deep}}}}}}}]}}]}}'
    async with client.post(f"/v1beta/models/gemini-3-pro-image:{method}", data=data) as answer:
        assert answer.status == 400
        assert json.loads(await answer.read())["error"]["message"].startswith("Invalid JSON payload received.")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("evil.example:8787", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example:8787", 403),
        ("127.0.0.1:8787", 200),
        ("[::1]:8787", 200),
        ("LOCALHOST", 200),
        ("emulator:8787", 200),
        ("host.docker.internal:8787", 200),
        ("one.localhost:8787", 200),
        ("emulator.tests.svc:8787", 200),
    ],
)
async def test_a_name_that_another_site_may_have_is_not_answered(
    client: aiohttp.ClientSession, host: str, status: int
) -> None:
    for path in ("/", "/_emulator/requests", "/_emulator/openapi.json", "/_emulator/quota"):
        async with client.get(path, headers={"Host": host}) as answer:
            assert answer.status == status
            if status == 403:
                assert "use the address, or a name without dots" in (await answer.json())["error"]["message"]


async def test_the_name_at_which_it_is_served_is_answered(client: aiohttp.ClientSession) -> None:
    app = EmulatorApp(host="Emulator.example")
    runner = web.AppRunner(app.web)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/_emulator/quota"
    for host, status in (("emulator.example:8787", 200), ("emulator.EXAMPLE", 200), ("other.example:8787", 403)):
        async with client.get(url, headers={"Host": host}) as answer:
            assert answer.status == status
    await runner.cleanup()
