"""Pictures that a request names by URL: fetched behind the guard, passed on, or refused; never one inside the house."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from imagewire_server.transport.image_fetch import FetchLimits, ImageFetcher
from tests.conftest import Stack, running_stack
from tests.integration.raw_client import Client
from tests.pictures import PNG, encoded

MODEL = "gemini/gemini-2.5-flash-image"


def chat(url: str) -> dict[str, Any]:
    parts = [{"type": "text", "text": "Edit"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": MODEL, "messages": [{"role": "user", "content": parts}]}


def response(url: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": "Edit"}, {"type": "input_image", "image_url": url}]
    return {"model": MODEL, "input": [{"role": "user", "content": content}]}


@dataclass
class Listener:
    """Counts who comes, and, where they are kept waiting, who goes."""

    port: int
    connections: int = 0
    gone: int = 0


@asynccontextmanager
async def listening(host: str) -> AsyncIterator[Listener]:
    made = Listener(0)

    def count(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.connections += 1
        writer.close()

    server = await asyncio.start_server(count, host, 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@asynccontextmanager
async def hanging() -> AsyncIterator[Listener]:
    """A server that takes requests and never answers."""
    made = Listener(0)

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.connections += 1
        while await reader.read(1000):
            pass
        made.gone += 1
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


async def until(condition: Callable[[], bool], within: float = 5) -> None:
    """Return when it is so."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  # plain data of the listener's
            await asyncio.sleep(0)


def fetching(answers: dict[str, list[str]], **more: Any) -> ImageFetcher:
    """A fetcher that looks names up in a table: the addresses of each look-up, the last for all others."""

    async def resolve(host: str, port: int) -> list[str]:
        given = answers[host]
        return [given.pop(0) if len(given) > 1 else given[0]]

    return ImageFetcher(resolve=resolve, **more)


INSIDE = [
    "https://169.254.169.254/latest/meta-data/",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://localhost/a.png",
    "https://localhost:{port}/a.png",
    "https://127.0.0.1:{port}/a.png",
    "https://127.1:{port}/a.png",
    "https://2130706433:{port}/a.png",
    "https://0x7f000001:{port}/a.png",
    "https://0177.0.0.1:{port}/a.png",
    "https://[::1]:{port}/a.png",
    "https://[::ffff:127.0.0.1]:{port}/a.png",
    "https://[64:ff9b::7f00:1]:{port}/a.png",
    "https://[2002:7f00:1::]:{port}/a.png",
    "https://10.0.0.1/a.png",
    "https://172.16.0.1/a.png",
    "https://192.168.1.1/a.png",
    "https://100.64.0.1/a.png",
    "https://0.0.0.0:{port}/a.png",
    "https://inside.example:443/a.png",
    "https://inside.example:{port}/a.png",
    "https://user@inside.example/a.png",
    "https://good.example\\@127.0.0.1:{port}/a.png",
    "http://inside.example/a.png",
    "http://127.0.0.1:{port}/a.png",
    "file:///etc/passwd",
    "ftp://inside.example/a.png",
    "gopher://127.0.0.1:{port}/_x",
]


@pytest.mark.parametrize("asked", [chat, response], ids=["chat", "responses"])
async def test_nothing_inside_the_house_is_asked(asked: Any) -> None:
    path = "/v1/chat/completions" if asked is chat else "/v1/responses"
    async with listening("127.0.0.1") as four, listening("::1") as six:
        fetcher = fetching({"inside.example": ["127.0.0.1"]}, ports={443, four.port, six.port})
        async with running_stack(rest=True, fetcher=fetcher) as stack:
            for url in INSIDE:
                for listener in (four, six):
                    named = url.replace("{port}", str(listener.port))
                    answer = await stack.rest.post(path, json=asked(named))
                    error = answer.json()["error"]
                    assert answer.status_code == 400, named
                    assert error["param"].endswith(("image_url.url", "image_url")), named
                    assert "127" not in error["message"], named
        assert (four.connections, six.connections) == (0, 0)
        assert stack.emulator.ledger.entries == []


async def test_a_name_that_changes_its_address_reaches_nobody() -> None:
    # The first look-up is public, the next would not be: what was checked is what is asked.
    async with listening("127.0.0.1") as inside:
        fetcher = fetching(
            {"rebinding.example": ["192.0.2.1", "127.0.0.1"]},
            limits=FetchLimits(timeout=0.3),
            allowed=lambda address: str(address) == "192.0.2.1",
            ports={inside.port},
        )
        async with running_stack(rest=True, fetcher=fetcher) as stack:
            asked = chat(f"https://rebinding.example:{inside.port}/a.png")
            answer = await stack.rest.post("/v1/chat/completions", json=asked)
        assert answer.status_code == 400
        assert inside.connections == 0


@asynccontextmanager
async def gallery() -> AsyncIterator[str]:
    """A server of one picture, and of a way into the house."""
    app = web.Application()

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=encoded("JPEG", 400, 300), content_type="image/png")

    async def onward(request: web.Request) -> web.Response:
        raise web.HTTPFound(request.query["to"])

    app.router.add_get("/a", picture)
    app.router.add_get("/onward", onward)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://gallery.example:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _open(url: str) -> ImageFetcher:
    """A fetcher that takes the gallery, on loopback, for a public place."""
    return fetching(
        {"gallery.example": ["127.0.0.1"]},
        schemes={"http"},
        ports={int(url.rpartition(":")[2])},
        allowed=lambda address: str(address) == "127.0.0.1",
    )


async def test_a_picture_is_fetched_and_sent_as_bytes() -> None:
    async with gallery() as url, running_stack(rest=True, fetcher=_open(url)) as stack:
        answer = await stack.rest.post("/v1/chat/completions", json=chat(f"{url}/a"))
    assert answer.status_code == 200, answer.text
    part = stack.emulator.ledger.entries[-1].body["contents"][0]["parts"][1]
    assert part["inlineData"]["mimeType"] == "image/jpeg"


async def test_a_redirect_into_the_house_is_not_followed() -> None:
    async with gallery() as url, listening("127.0.0.1") as inside:
        async with running_stack(rest=True, fetcher=_open(url)) as stack:
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
    async with gallery() as url, running_stack(rest=True, fetcher=_open(url), max_request_bytes=1000) as stack:
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
        async with running_stack(rest=True, fetcher=_open(url)) as stack:
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
            running_stack(rest=True, fetcher=_open(url), max_concurrent_calls=1) as stack,
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
        async with running_stack(rest=True, fetcher=_open(url)) as stack:
            given = {**chat(f"{url}/a"), "model": "nobody/model"}
            assert (await stack.rest.post("/v1/chat/completions", json=given)).status_code == 404
    assert server.connections == 0


async def test_a_place_is_free_again_after_the_fetching() -> None:
    async with gallery() as url, running_stack(rest=True, fetcher=_open(url), max_concurrent_calls=1) as stack:
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
