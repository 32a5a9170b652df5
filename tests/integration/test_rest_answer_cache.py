"""The answer cache over REST: `cache` of LiteLLM's requests, `Cache-Control: no-cache`, and what answers say."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Stack, running_stack
from tests.integration import picture_urls
from tests.integration.keeping import draws
from tests.integration.picture_urls import chat, fetcher_of, gallery
from tests.integration.rest_requests import MODEL, THREE, ask, body
from tests.pictures import PNG

TTL = {"cache": {"ttl": 600}}
IMAGES, RESPONSES = "/v1/images/generations", "/v1/responses"
CACHED = "x-imagewire-cached-answers"


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path / "kept")) as made:
        yield made


def fine(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def unmarked(answer: dict[str, Any]) -> dict[str, Any]:
    usage = {name: value for name, value in answer["usage"].items() if not name.startswith("cost")}
    return {**answer, "usage": {**usage, "provider_specific_fields": None}}


async def test_a_chat_is_sent_again_and_says_so(keeping: Stack) -> None:
    first = await ask(keeping, body(**TTL))
    again = await ask(keeping, body(**TTL))
    assert unmarked(fine(first)) == unmarked(fine(again))
    usage = again.json()["usage"]
    assert (usage["cost"], usage["cost_nano_usd"], usage["provider_specific_fields"]["cached_answer"]) == (0.0, 0, True)
    assert (again.headers[CACHED], again.headers["x-litellm-response-cost"]) == ("1", "0.0")
    assert CACHED not in first.headers
    assert draws(keeping) == 1


async def test_a_stream_is_the_live_one_but_for_its_cost(keeping: Stack) -> None:
    asks = body(stream=True, stream_options={"include_usage": True}, **TTL)
    first, again = [await ask(keeping, asks) for _ in range(2)]
    *events, usage, done = first.text.strip().split("\n\n")
    *same, marked, done_too = again.text.strip().split("\n\n")
    assert (events, done) == (same, done_too)
    assert unmarked(json.loads(usage[6:])) == unmarked(json.loads(marked[6:]))
    assert json.loads(marked[6:])["usage"]["cost"] == 0.0
    assert again.headers[CACHED] == "1"
    assert draws(keeping) == 1


@pytest.mark.parametrize(
    "cache",
    [{"s-maxage": 600}, {"s-max-age": 600.5}, {"ttl": 600, "use-cache": True}, {"ttl": 600, "namespace": "a"}],
)
async def test_litellms_other_words(keeping: Stack, cache: dict[str, Any]) -> None:
    for _ in range(2):
        fine(await ask(keeping, body(cache=cache)))
    assert draws(keeping) == 1


async def test_each_namespace_has_its_own(keeping: Stack) -> None:
    for space in ("a", "b", ""):
        fine(await ask(keeping, body(cache={"ttl": 600, "namespace": space})))
    fine(await ask(keeping, body(**TTL)))  # that of "", as of gRPC
    assert draws(keeping) == 3


@pytest.mark.parametrize("more", [{"cache": {"ttl": 600, "no-cache": True}}, {"cache": {"ttl": 0}}])
async def test_no_cache_draws_and_its_answer_is_found(keeping: Stack, more: dict[str, Any]) -> None:
    first = fine(await ask(keeping, body(**TTL)))
    fresh = fine(await ask(keeping, body(**more)))
    again = fine(await ask(keeping, body(**TTL)))
    assert first["id"] != fresh["id"] == again["id"]
    assert draws(keeping) == 2


async def test_no_store_is_not_found(keeping: Stack) -> None:
    for cache in ({"ttl": 600, "no-store": True}, {"ttl": 600}, {"ttl": 600, "no-store": True}):
        fine(await ask(keeping, body(cache=cache)))
    assert draws(keeping) == 2


async def test_the_header_draws_anew(keeping: Stack) -> None:
    for _ in range(2):
        fine(await ask(keeping, body(**TTL), headers={"Cache-Control": "max-age=0, No-Cache"}))
    assert draws(keeping) == 2
    assert (await ask(keeping, body(**TTL))).headers[CACHED] == "1"


async def test_several_pictures_of_a_request_differ(keeping: Stack) -> None:
    asks = {"model": MODEL, "prompt": "A banana", "n": 3, **TTL}
    first, again = [await ask(keeping, asks, IMAGES) for _ in range(2)]
    assert fine(first)["data"] == fine(again)["data"]
    assert draws(keeping) == 3
    assert (again.headers[CACHED], again.json()["usage"]["cost"]) == ("3", 0)
    more = await ask(keeping, {**asks, "n": 4}, IMAGES)
    assert (more.headers[CACHED], draws(keeping)) == ("3", 4)


async def test_a_namespace_is_not_that_of_another_ones_second_picture(keeping: Stack) -> None:
    asks = {"model": MODEL, "prompt": "A banana", "cache": {"ttl": 600, "namespace": "a"}}
    fine(await ask(keeping, {**asks, "n": 2}, IMAGES))
    for other in "a\n1", "1\na":
        answer = await ask(keeping, {**asks, "cache": {"ttl": 600, "namespace": other}}, IMAGES)
        assert CACHED not in answer.headers
    assert draws(keeping) == 4


async def test_edits_and_responses_have_it_too(keeping: Stack) -> None:
    fields = {"model": MODEL, "prompt": "Make it blue", "cache": '{"ttl": 600}'}
    for _ in range(2):
        files = {"image": ("a.png", PNG, "image/png")}
        fine(await keeping.rest.post("/v1/images/edits", data=fields, files=files))
    assert draws(keeping) == 1
    first, again = [await ask(keeping, {"model": THREE, "input": "A banana", **TTL}, RESPONSES) for _ in range(2)]
    assert fine(first)["id"] == fine(again)["id"]
    assert (again.headers[CACHED], draws(keeping)) == ("1", 2)


async def test_a_key_of_its_own_has_the_cached_answer(keeping: Stack) -> None:
    first = fine(await ask(keeping, body(**TTL)))
    for _ in range(2):
        again = await ask(keeping, body(**TTL), headers={"Idempotency-Key": "order 17"})
        assert fine(again)["id"] == first["id"]
    other = await ask(keeping, body(temperature=0.5, **TTL), headers={"Idempotency-Key": "order 17"})
    assert other.status_code == 422
    assert draws(keeping) == 1


@pytest.mark.parametrize(
    ("more", "field", "words"),
    [
        ({"cache": {"ttl": -1}}, "cache.ttl", ">= 0"),
        ({"cache": {"s-maxage": 1e9}}, "cache.s-maxage", "ask for at most that"),
        ({"cache": {"use-cache": True}}, "cache.use-cache", "send ttl"),
        ({"cache": {"tll": 1}}, "cache.tll", "ttl"),
        ({"store": False, **TTL}, "cache.ttl", "leave out store: false"),
    ],
)
async def test_what_cannot_be_is_refused(keeping: Stack, more: dict[str, Any], field: str, words: str) -> None:
    answer = await ask(keeping, body(**more))
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, field)
    assert words in error["message"]
    assert draws(keeping) == 0


async def test_a_server_that_keeps_nothing_names_the_field(rest: Stack) -> None:
    answer = await ask(rest, body(**TTL))
    assert answer.status_code >= 400
    assert "cache.ttl: this server keeps no answers" in answer.json()["error"]["message"]
    fine(await ask(rest, body(cache={"no-cache": True}), headers={"Cache-Control": "no-cache"}))


async def test_a_picture_by_url_counts_by_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with gallery() as url:
        keep = {"keep": "local", "keep_dir": str(tmp_path / "kept")}
        async with running_stack(rest=True, fetcher=fetcher_of(url), **keep) as stack:
            for name in ("a", "a?again"):
                fine(await ask(stack, {**chat(f"{url}/{name}"), **TTL}))
            assert draws(stack) == 1
            monkeypatch.setattr(picture_urls, "encoded", lambda *_: PNG)
            fine(await ask(stack, {**chat(f"{url}/a"), **TTL}))
            assert draws(stack) == 2


async def test_urls_of_cached_pictures_work(keeping: Stack) -> None:
    asks = {"model": MODEL, "prompt": "A banana", "response_format": "url", **TTL}
    first, again = [fine(await ask(keeping, asks, IMAGES))["data"][0]["url"] for _ in range(2)]
    pictures = [(await keeping.rest.get(url)).content for url in (first, again)]
    assert pictures[0] == pictures[1] != b""
    assert draws(keeping) == 1
