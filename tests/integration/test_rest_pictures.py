"""Pictures that a request names by URL are fetched, passed on, or refused."""

import asyncio
from typing import Any

import pytest

from imagewire_server.transport.image_fetch import ImageFetcher
from tests.conftest import Stack, running_stack
from tests.integration.picture_urls import (
    MODEL,
    chat,
    fetcher_of,
    fetching,
    gallery,
    hanging,
    listening,
    response,
    until,
)
from tests.integration.raw_client import Client
from tests.pictures import PNG


async def test_a_picture_is_fetched_and_sent_as_bytes() -> None:
    async with gallery() as url, running_stack(rest=True, fetcher=fetcher_of(url)) as stack:
        answer = await stack.rest.post("/v1/chat/completions", json=chat(f"{url}/a"))
    assert answer.status_code == 200, answer.text
    part = stack.emulator.ledger.entries[-1].body["contents"][0]["parts"][1]
    assert part["inlineData"]["mimeType"] == "image/jpeg"


async def test_a_redirect_into_the_house_is_not_followed() -> None:
    async with gallery() as url, listening("127.0.0.1") as inside:
        async with running_stack(rest=True, fetcher=fetcher_of(url)) as stack:
            for to in (f"http://127.0.0.2:{inside.port}/", f"http://localhost:{inside.port}/", "file:///etc/passwd"):
                answer = await stack.rest.post("/v1/chat/completions", json=chat(f"{url}/onward?to={to}"))
                assert answer.status_code == 400, to
        assert inside.connections == 0


async def test_pass_leaves_the_fetching_to_the_provider() -> None:
    async with running_stack(rest=True, rest_remote_images="pass") as stack:
        answer = await stack.rest.post("/v1/chat/completions", json=chat("https://pictures.example/a.png"))
    assert answer.status_code == 200, answer.text
    part = stack.emulator.ledger.entries[-1].body["contents"][0]["parts"][1]
    assert part["fileData"]["fileUri"] == "https://pictures.example/a.png"


@pytest.mark.parametrize("mode", ["fetch", "refuse", "pass"])
async def test_a_picture_of_an_answer_goes_back_by_its_address(mode: str) -> None:
    url = "https://generativelanguage.googleapis.com/v1beta/files/abc"
    message = {"role": "assistant", "content": "", "image": {"url": url, "format": "image/png"}}
    item = {"type": "image_generation_call", "id": "ig_1", "result": None, "url": url, "output_format": "png"}
    again = {"role": "user", "content": "Blue"}
    async with running_stack(rest=True, rest_remote_images=mode, fetcher=fetching({})) as stack:
        await stack.rest.post("/v1/chat/completions", json={"model": MODEL, "messages": [again, message, again]})
        await stack.rest.post("/v1/responses", json={"model": MODEL, "input": [again, item, again]})
    sent = [entry.body["contents"][1]["parts"] for entry in stack.emulator.ledger.entries]
    assert sent == [[{"fileData": {"fileUri": url, "mimeType": "image/png"}}]] * 2


async def test_refuse_refuses() -> None:
    async with running_stack(rest=True, rest_remote_images="refuse") as stack:
        answer = await stack.rest.post("/v1/chat/completions", json=chat("https://pictures.example/a.png"))
    assert answer.status_code == 400
    assert "data: URL" in answer.json()["error"]["message"]


async def test_too_many_or_too_large_together(rest: Stack) -> None:
    many = chat("https://pictures.example/a.png")
    many["messages"][0]["content"] *= 17
    answer = await rest.rest.post("/v1/chat/completions", json=many)
    assert (answer.status_code, "at most 16" in answer.json()["error"]["message"]) == (400, True)
    async with gallery() as url, running_stack(rest=True, fetcher=fetcher_of(url), max_request_bytes=1000) as stack:
        answer = await stack.rest.post("/v1/chat/completions", json=chat(f"{url}/a"))
    assert answer.status_code == 400
    assert "max_request_bytes" in answer.json()["error"]["message"]


PATHS = [(chat, "/v1/chat/completions"), (response, "/v1/responses")]


@pytest.mark.parametrize(("asked", "path"), PATHS, ids=["chat", "responses"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_ends_the_fetching(asked: Any, path: str, stream: bool) -> None:
    async with hanging() as server:
        url = f"http://gallery.example:{server.port}"
        given = {**asked(f"{url}/a"), "stream": stream}
        content = (given.get("messages") or given["input"])[0]["content"]
        content += content[-1:] * 3
        async with running_stack(rest=True, fetcher=fetcher_of(url)) as stack:
            async with Client(str(stack.rest.base_url)) as client:
                await client.post(path, given)
                await until(lambda: server.connections == 4)
            await until(lambda: server.gone == 4)
    assert stack.emulator.ledger.entries == []


@pytest.mark.parametrize(("asked", "path"), PATHS, ids=["chat", "responses"])
async def test_nothing_is_fetched_without_a_place(asked: Any, path: str) -> None:
    async with hanging() as server:
        url = f"http://gallery.example:{server.port}"
        async with (
            running_stack(rest=True, fetcher=fetcher_of(url), max_concurrent_calls=1) as stack,
            Client(str(stack.rest.base_url)) as first,
        ):
            await first.post(path, asked(f"{url}/a"))
            await until(lambda: server.connections == 1)
            others = await asyncio.gather(*(stack.rest.post(path, json=asked(f"{url}/a")) for _ in range(5)))
            assert [answer.status_code for answer in others] == [429] * 5
            assert server.connections == 1


async def test_nothing_is_fetched_for_a_model_that_there_is_not() -> None:
    async with hanging() as server:
        url = f"http://gallery.example:{server.port}"
        async with running_stack(rest=True, fetcher=fetcher_of(url)) as stack:
            given = {**chat(f"{url}/a"), "model": "nobody/model"}
            answer = await stack.rest.post("/v1/chat/completions", json=given)
            named = [one["field"] for one in answer.json()["error"]["violations"]]
            assert named == ["messages[0].content[1].image_url.url", "model"]  # the URL has no https
            given["messages"] = chat(f"{url.replace('http:', 'https:')}/a")["messages"]
            assert (await stack.rest.post("/v1/chat/completions", json=given)).status_code == 404
    assert server.connections == 0


async def test_a_place_is_free_again_after_the_fetching() -> None:
    async with gallery() as url, running_stack(rest=True, fetcher=fetcher_of(url), max_concurrent_calls=1) as stack:
        for name, status in (("/a", 200), ("/none", 400), ("/a", 200)):
            answer = await stack.rest.post("/v1/chat/completions", json=chat(f"{url}{name}"))
            assert answer.status_code == status, answer.text


class _Counting(ImageFetcher):
    """Gives pictures of one size, and counts them."""

    fetched = 0

    async def fetch(self, url: str) -> bytes:
        self.fetched += 1
        await asyncio.sleep(0)
        return PNG + b"\0" * (1_000_000 - len(PNG))


async def test_no_more_is_fetched_than_may_be_kept() -> None:
    fetcher = _Counting()
    asked = chat("https://pictures.example/a.png")
    asked["messages"][0]["content"] += asked["messages"][0]["content"][1:] * 15
    async with running_stack(rest=True, fetcher=fetcher, max_request_bytes=2_500_000) as stack:
        answer = await stack.rest.post("/v1/chat/completions", json=asked)
    error = answer.json()["error"]
    assert (answer.status_code, "max_request_bytes" in error["message"]) == (400, True)
    assert error["param"] == "messages[0].content[3].image_url.url"
    assert fetcher.fetched <= 3 + 4  # four run at once
