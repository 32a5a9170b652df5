"""Pictures by URL: they can be read while the model draws, and afterwards, until they expire."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Stack, running_stack
from tests.integration.rest_requests import MODEL, ask, body
from tests.integration.shared_store import keep_settings

SLOW = "gemini/emulator-drip-2000-3000000"
BIG = "gemini/emulator-size-3MB"
IMAGES = "/v1/images/generations"
RESPONSES = "/v1/responses"
DRAW = {"type": "image_generation"}


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path / "kept")) as made:
        yield made


def drawn(stack: Stack) -> str:
    return str(stack.emulator.ledger.entries[-1].images[-1]["sha256"])


def size_drawn(stack: Stack) -> int:
    return int(stack.emulator.ledger.entries[-1].images[-1]["size"])


async def events(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.aiter_lines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


def urls_of(given: Any) -> list[str]:
    """All URLs in an answer, in their order."""
    if isinstance(given, dict):
        own = [given["url"]] if isinstance(given.get("url"), str) else []
        return own + [url for value in given.values() for url in urls_of(value)]
    return [url for value in given for url in urls_of(value)] if isinstance(given, list) else []


ASKS = [
    ("/v1/chat/completions", body(image_delivery="url")),
    (IMAGES, {"model": MODEL, "prompt": "A banana", "response_format": "url"}),
    (RESPONSES, {"model": MODEL, "input": "A banana", "tools": [DRAW], "image_delivery": "url"}),
]


@pytest.mark.parametrize(("path", "given"), ASKS)
@pytest.mark.parametrize("model", [MODEL, BIG])
async def test_an_answer_names_its_picture_by_url(keeping: Stack, path: str, given: Any, model: str) -> None:
    answer = await ask(keeping, {**given, "model": model}, path)
    assert answer.status_code == 200, answer.text
    assert len(answer.content) < 4000
    urls = urls_of(answer.json())
    assert urls
    assert len(set(urls)) == 1
    assert urls[0].startswith(f"{keeping.rest.base_url}/v1/images/files/")
    async with httpx.AsyncClient(trust_env=False) as anyone:
        picture = await anyone.get(urls[0])
        head = await anyone.head(urls[0])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert hashlib.sha256(picture.content).hexdigest() == drawn(keeping)
    assert picture.headers["etag"] == f'"{drawn(keeping)}"'
    assert picture.headers["cache-control"].startswith("private, max-age=")
    assert int(picture.headers["content-length"]) == len(picture.content)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(picture.content)))


async def test_parts_of_a_picture(keeping: Stack) -> None:
    [url] = urls_of((await ask(keeping, {**ASKS[1][1], "model": BIG}, IMAGES)).json())
    whole = await keeping.rest.get(url)
    size, etag = len(whole.content), whole.headers["etag"]
    for asked, begin, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=1000000-", 1_000_000, size),
        ("bytes=5-1000000", 5, 1_000_001),
        ("bytes=-7", size - 7, size),
        (f"bytes=9-{10 * size}", 9, size),
    ):
        part = await keeping.rest.get(url, headers={"range": asked, "if-range": etag})
        assert (part.status_code, part.content) == (206, whole.content[begin:end])
        assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
    for asked in ("bytes=0-1,3-4", "lines=1-2", "bytes=-", "bytes=x-"):
        assert (await keeping.rest.get(url, headers={"range": asked})).status_code == 200
    other = await keeping.rest.get(url, headers={"range": "bytes=1-2", "if-range": '"other"'})
    assert (other.status_code, len(other.content)) == (200, size)
    beyond = await keeping.rest.get(url, headers={"range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    for tag in (etag, f'"a", W/{etag}', "*"):
        same = await keeping.rest.get(url, headers={"if-none-match": tag})
        assert (same.status_code, same.content) == (304, b"")


STREAMS = [
    ("/v1/chat/completions", body(SLOW, image_delivery="url", stream=True)),
    (IMAGES, {"model": SLOW, "prompt": "A banana", "response_format": "url", "stream": True}),
    (RESPONSES, {"model": SLOW, "input": "A banana", "tools": [DRAW], "image_delivery": "url", "stream": True}),
]


@pytest.mark.parametrize(("path", "given"), STREAMS)
async def test_a_url_sends_its_picture_while_it_is_drawn(keeping: Stack, path: str, given: Any) -> None:
    seen: list[str] = []
    async with keeping.rest.stream("POST", path, json=given) as answer:
        async for event in events(answer):
            is_first = not seen
            seen += urls_of(event)
            if is_first and seen:
                assert keeping.emulator.ledger.entries[0].outcome == "open"
                async with keeping.rest.stream("HEAD", seen[0]) as head:
                    assert (head.status_code, head.headers["content-type"]) == (200, "image/png")
                async with keeping.rest.stream("GET", seen[0]) as picture:
                    pieces = picture.aiter_bytes()
                    begun = await anext(pieces)
                    assert begun.startswith(b"\x89PNG")
                    assert keeping.emulator.ledger.entries[0].outcome == "open"
                    assert picture.headers["transfer-encoding"] == "chunked"
                    rest = b"".join([piece async for piece in pieces])
                assert hashlib.sha256(begun + rest).hexdigest() == drawn(keeping)
    assert len(seen) > 1
    assert len(set(seen)) == 1
    assert len(keeping.emulator.ledger.entries) == 1


async def test_who_has_a_url_reads_on_when_the_caller_has_left(keeping: Stack) -> None:
    async with keeping.rest.stream("POST", IMAGES, json=STREAMS[1][1]) as answer:
        first = await anext(events(answer))
    async with asyncio.timeout(60):
        readers = await asyncio.gather(*(keeping.rest.get(first["url"]) for _ in range(5)))
    assert {hashlib.sha256(one.content).hexdigest() for one in readers} == {drawn(keeping)}


async def test_the_url_of_a_picture_that_was_cut_is_not_found(keeping: Stack) -> None:
    given = {**STREAMS[1][1], "model": "gemini/emulator-cut"}
    async with keeping.rest.stream("POST", IMAGES, json=given) as answer:
        seen = [event async for event in events(answer)]
    assert [event["type"] for event in seen] == ["image_generation.partial_image", "error"]
    assert (await keeping.rest.head(seen[0]["url"])).status_code == 404
    answer = await keeping.rest.get(seen[0]["url"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "image_not_found")
    assert "was not drawn to its end" in answer.json()["error"]["message"]


async def test_the_url_of_a_picture_that_is_cut_meanwhile_is_cut_too(keeping: Stack) -> None:
    given = {**STREAMS[1][1], "model": MODEL, "prompt": "A banana x-emulate: cut@70%; drip=4s"}
    async with keeping.rest.stream("POST", IMAGES, json=given) as answer:
        first = await anext(events(answer))
        with pytest.raises(httpx.RemoteProtocolError):
            await keeping.rest.get(first["url"])


@pytest.mark.parametrize("model", [MODEL, BIG])
async def test_the_url_of_a_picture_whose_file_is_gone_is_not_found(keeping: Stack, tmp_path: Path, model: str) -> None:
    [url] = urls_of((await ask(keeping, {**ASKS[1][1], "model": model}, IMAGES)).json())
    for file in await asyncio.to_thread(lambda: list((tmp_path / "kept/objects").rglob("*"))):
        if file.is_file():
            file.unlink()
    assert (await keeping.rest.head(url)).status_code == 404
    answer = await keeping.rest.get(url)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "image_not_found")
    assert len(keeping.emulator.ledger.entries) == 1


async def test_drafts_in_a_stream_are_told_apart(keeping: Stack) -> None:
    given = body("gemini/gemini-3-pro-image", image_delivery="url", stream=True, include_reasoning=True)
    entries: dict[int, dict[str, Any]] = {}
    async with keeping.rest.stream("POST", "/v1/chat/completions", json=given) as answer:
        async for event in events(answer):
            for choice in event["choices"]:
                for entry in choice["delta"].get("images", ()):
                    entries.setdefault(entry["index"], {}).update(entry)
                final = choice["delta"].get("image")
                if final:
                    assert final["url"] == [e for e in entries.values() if not e.get("thought")][-1]["image_url"]["url"]
    for entry in entries.values():
        picture = await keeping.rest.get(entry["image_url"]["url"])
        assert picture.content.startswith((b"\x89PNG", b"\xff\xd8"))


async def test_an_answer_with_urls_is_sent_back_as_it_came(keeping: Stack) -> None:
    ask_again = {"role": "user", "content": "Now with a hat"}
    asked = body(image_delivery="url")
    message = (await ask(keeping, asked)).json()["choices"][0]["message"]
    first = size_drawn(keeping)
    await ask(keeping, asked | {"messages": [*asked["messages"], message, ask_again]})
    given = ASKS[2][1]
    output = (await ask(keeping, given, RESPONSES)).json()["output"]
    second = size_drawn(keeping)
    items = [{"role": "user", "content": "A banana"}, *output, ask_again]
    answer = await ask(keeping, given | {"input": items}, RESPONSES)
    assert answer.status_code == 200, answer.text
    sent = [keeping.emulator.ledger.entries[at].body["contents"][1:-1] for at in (1, 3)]
    for contents, size in zip(sent, (first, second), strict=True):
        blobs = [part["inlineData"] for turn in contents for part in turn["parts"] if "inlineData" in part]
        # The ledger has the length of a picture's base64.
        assert [blob["data"] for blob in blobs] == [f"<{4 * -(-size // 3)} characters>"]


async def test_a_url_is_a_secret(keeping: Stack) -> None:
    [url] = urls_of((await ask(keeping, ASKS[1][1], IMAGES)).json())
    base, _, token = url.rpartition("/")
    for wrong in ("x" * len(token), token[:-1] + ("A" if token[-1] != "A" else "B"), token[1:], "img-1", "%00", "é"):
        answer = await keeping.rest.get(f"{base}/{wrong}")
        assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store"), wrong
    foreign = {"role": "assistant", "content": "", "image": {"url": f"{base}/{'x' * len(token)}"}}
    again = {"role": "user", "content": "Blue"}
    answer = await ask(keeping, body(messages=[again, foreign, again]))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "messages[1].image.url")


async def test_a_url_expires(tmp_path: Path) -> None:
    settings = {"keep": "local", "keep_dir": str(tmp_path / "kept"), "keep_ttl": 1.0}
    async with running_stack(rest=True, **settings) as stack:
        [url] = urls_of((await ask(stack, ASKS[1][1], IMAGES)).json())
        async with asyncio.timeout(30):
            while (await stack.rest.get(url)).status_code == 200:
                pass
        assert (await stack.rest.get(url)).status_code == 404


@pytest.fixture(params=["local", "folder", "s3"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    return keep_settings(request, tmp_path)


async def test_a_url_is_for_all_that_share_a_store(shared: dict[str, str]) -> None:
    """The picture is read from another server than the one that draws it, while it is drawn and afterwards."""
    async with running_stack(rest=True, **shared) as one, running_stack(rest=True, **shared) as other:
        async with one.rest.stream("POST", IMAGES, json=STREAMS[1][1]) as answer:
            url = (await anext(events(answer)))["url"]
            path = url.removeprefix(str(one.rest.base_url))
            picture = await other.rest.get(path)
        assert hashlib.sha256(picture.content).hexdigest() == drawn(one)
        made = (await ask(one, ASKS[2][1], RESPONSES)).json()
        part = await other.rest.get(
            urls_of(made)[0].removeprefix(str(one.rest.base_url)), headers={"range": "bytes=1-3"}
        )
        assert (part.status_code, part.content) == (206, b"PNG")
        assert (await other.rest.delete(f"{RESPONSES}/{made['id']}")).status_code == 200
        assert (await one.rest.get(f"{RESPONSES}/{made['id']}")).status_code == 404


async def test_a_url_needs_no_key_and_names_the_public_host(tmp_path: Path) -> None:
    settings = {"keep": "local", "keep_dir": str(tmp_path / "kept"), "public_url": "https://pictures.example/api/"}
    async with running_stack(rest=True, master_key="sk-1", **settings) as stack:
        headers = {"authorization": "Bearer sk-1", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}
        [url] = urls_of((await ask(stack, ASKS[1][1], IMAGES, headers=headers)).json())
        assert url.startswith("https://pictures.example/api/v1/images/files/")
        assert (await stack.rest.get(url.removeprefix("https://pictures.example/api"))).status_code == 200
        assert (await stack.rest.get("/v1/images/files/")).status_code == 404


@pytest.mark.parametrize("allowed", ["", "*"])
async def test_what_a_caller_says_of_proxies_changes_no_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    if allowed:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", allowed)  # uvicorn reads it
    headers = {
        "forwarded": "proto=https;host=evil.example", "x-forwarded-proto": "https", "x-forwarded-host": "evil.example",
        "x-forwarded-port": "1", "x-forwarded-for": "192.0.2.1", "x-forwarded-prefix": "/evil",
    }  # fmt: skip
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path / "kept")) as stack:
        [url] = urls_of((await ask(stack, ASKS[1][1], IMAGES, headers=headers)).json())
        assert url.startswith(f"{stack.rest.base_url}/v1/images/files/")
        assert (await stack.rest.get(url)).status_code == 200


async def test_where_nothing_is_kept_a_url_is_refused_or_a_data_url(rest: Stack) -> None:
    for path, given in (ASKS[0], ASKS[2]):
        answer = await ask(rest, given, path)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (400, "keep_off", "image_delivery")
    [url] = urls_of((await ask(rest, ASKS[1][1], IMAGES)).json())
    assert url.startswith("data:image/png;base64,")


async def test_what_contradicts_a_url_is_refused(keeping: Stack) -> None:
    answer = await ask(keeping, body(image_delivery="url", store=False))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "image_delivery")
    given = ASKS[2][1] | {"tools": [{**DRAW, "partial_images": 2}]}
    answer = await ask(keeping, given, RESPONSES)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "image_delivery")
