"""The page at /: the last calls with their pictures, without scripts, keys or unescaped text."""

import re
from html.parser import HTMLParser

import aiohttp
import pytest

from imagewire_emulator import Emulator
from imagewire_emulator.control.page import prompt
from tests.emulator.requests import ask, body

EVIL = '<script>alert("1")</script><img src=x onerror=alert(1)>'


class Seen(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


async def page(client: aiohttp.ClientSession) -> Seen:
    async with client.get("/") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        return Seen(await answer.text())


async def test_the_page_shows_the_last_calls_first(client: aiohttp.ClientSession) -> None:
    await ask(client, "emulator-size-200000", body("A violet banana"))
    async with client.post(
        "/v1beta/models/gemini-3-pro-image:generateContent", json=body("A fault"), headers={"x-emulate": "status=503"}
    ):
        pass
    seen = await page(client)
    assert seen.text.index("A fault") < seen.text.index("A violet banana")
    assert "200 ok" in seen.text
    assert "503 error" in seen.text
    assert "status=503" in seen.text
    (picture,) = seen.all("img")
    async with client.get(str(picture["src"])) as answer:
        assert answer.content_type == "image/png"
        assert len(await answer.read()) == 200_000


async def test_nothing_runs_and_nothing_is_loaded_from_elsewhere(client: aiohttp.ClientSession) -> None:
    await ask(client, "emulator-503", body(EVIL))
    async with client.get(f"/v1beta/{EVIL}"), client.get("/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        text = await answer.text()
    seen = Seen(text)
    assert EVIL in seen.text
    assert seen.all("script") == seen.all("img") == []
    assert all(not name.startswith("on") for _, attributes in seen.elements for name in attributes)
    links = [str(attributes["href"]) for attributes in seen.all("a")]
    assert all(link.startswith("/_emulator/") for link in links)
    assert policy.startswith("default-src 'none'; img-src 'self'; style-src 'sha256-")
    assert "unsafe" not in policy


async def test_no_key_is_shown(client: aiohttp.ClientSession, emulator: Emulator) -> None:
    await ask(client, "emulator-503")
    async with client.post(
        "/v1beta/models/x:generateContent?key=SECRET-1", headers={"Authorization": "Bearer SECRET-2"}
    ):
        pass
    for path in ("/", "/_emulator/requests"):
        async with client.get(path) as answer:
            text = await answer.text()
        assert not re.search(f"SECRET|{emulator.api_key}", text)


async def test_an_empty_page_says_so(client: aiohttp.ClientSession) -> None:
    assert "No call yet." in (await page(client)).text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (body("A banana"), "A banana"),
        (body("A" * 301), "A" * 300 + "…"),
        ({"contents": []}, '{"contents": []}'),
        ({"contents": [{"parts": 3}]}, '{"contents": [{"parts": 3}]}'),
        ([1, 2], "[1, 2]"),
        ("text", '"text"'),
        (None, ""),
        ({"contents": [{"parts": [{"text": 5}]}]}, '{"contents": [{"parts": [{"text": 5}]}]}'),
    ],
    ids=["text", "long", "no-turn", "no-parts", "list", "string", "none", "number"],
)
def test_the_prompt_of_any_body(given: object, shown: str) -> None:
    assert prompt(given) == shown


async def test_the_page_leads_to_the_calls_of_other_keys(client: aiohttp.ClientSession, emulator: Emulator) -> None:
    headers = {"x-goog-api-key": f"{emulator.api_key}-suite.1"}
    url = "/v1beta/models/emulator-503:generateContent"
    async with client.post(url, json=body("Of the suite"), headers=headers):
        pass
    seen = await page(client)
    assert "Of the suite" not in seen.text
    (link,) = [str(a["href"]) for a in seen.all("a") if "suite" in str(a["href"])]
    async with client.get(link, headers={"x-goog-api-key": ""}) as answer:
        assert answer.status == 200


async def test_a_key_in_the_address_is_escaped(emulator: Emulator) -> None:
    async with (
        aiohttp.ClientSession(emulator.base_url) as browser,
        browser.get("/", params={"key": '"><script>alert(1)</script>'}) as answer,
    ):
        assert Seen(await answer.text()).all("script") == []


async def test_a_keys_links_stay_with_the_key(emulator: Emulator) -> None:
    key = f"{emulator.api_key}-one"
    async with aiohttp.ClientSession(emulator.base_url) as browser:
        async with browser.get("/v1beta/files", headers={"x-goog-api-key": key}):
            pass
        async with browser.get("/", params={"key": key}) as answer:
            links = [str(a["href"]) for a in Seen(await answer.text()).all("a")]
        async with browser.get(next(link for link in links if "/requests/" in link)) as answer:
            assert (await answer.json())["path"] == "/v1beta/files"


async def test_a_picture_is_shown_to_its_own_key(emulator: Emulator) -> None:
    key, url = f"{emulator.api_key}-two", "/v1beta/models/gemini-2.5-flash-image:generateContent"
    async with aiohttp.ClientSession(emulator.base_url) as browser:
        async with browser.post(url, json=body("A cat of key two"), headers={"x-goog-api-key": key}):
            pass
        async with browser.get("/", params={"key": key}) as answer:
            [shown] = [str(image["src"]) for image in Seen(await answer.text()).all("img")]
        async with browser.get(shown) as answer:
            assert answer.content_type == "image/png"
        bare = shown.partition("?")[0]
        for other in "", f"{emulator.api_key}-three":
            async with browser.get(bare, headers={"x-goog-api-key": other}) as answer:
                assert answer.status == 404
