"""Answers of REST are kept: what is asked again with an Idempotency-Key is drawn once."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack
from tests.integration.picture_urls import fetcher_of, gallery
from tests.integration.rest_requests import MODEL, PNG_URL, ask, body

KEY = {"Idempotency-Key": "order 17"}
IMAGES = "/v1/images/generations"


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path / "kept")) as made:
        yield made


def draws(stack: Stack) -> int:
    return len(stack.emulator.ledger.entries)


def without_request(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_same_request_is_drawn_once_and_says_so(keeping: Stack) -> None:
    answers = await asyncio.gather(*(ask(keeping, body(), headers=KEY) for _ in range(10)))
    again = await ask(keeping, body(), headers=KEY)
    assert draws(keeping) == 1
    assert all(without_request(answer) == without_request(again) for answer in answers)
    assert again.headers["idempotency-replayed"] == "true"
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert "idempotency-replayed" not in (await ask(keeping, body())).headers
    assert draws(keeping) == 2


async def test_a_stream_is_repeated_event_by_event(keeping: Stack) -> None:
    first = await ask(keeping, body(stream=True), headers=KEY)
    again = await ask(keeping, body(stream=True), headers=KEY)
    assert first.text == again.text
    assert (draws(keeping), again.headers["idempotency-replayed"]) == (1, "true")
    # How the answer is sent is not part of what is drawn.
    assert (await ask(keeping, body(), headers=KEY)).json()["id"] in first.text
    assert draws(keeping) == 1


async def test_a_key_is_for_one_request_of_one_path(keeping: Stack) -> None:
    await ask(keeping, body(), headers=KEY)
    other = await ask(keeping, body(seed=7), headers=KEY)
    assert (other.status_code, other.json()["error"]["param"]) == (422, "Idempotency-Key")
    assert other.json()["error"]["code"] == "request_id_reused"
    assert draws(keeping) == 1
    assert (await ask(keeping, {"model": MODEL, "prompt": "A banana"}, IMAGES, headers=KEY)).status_code == 200
    assert (await ask(keeping, body(), "/chat/completions", headers=KEY)).headers["idempotency-replayed"] == "true"
    assert draws(keeping) == 2


async def test_a_key_is_an_opaque_text(keeping: Stack) -> None:
    for key in "2f1c6ad8-90c1-4d3b-8a0c-6f1d9a3b5e7a", "2F1C6AD8-90C1-4D3B-8A0C-6F1D9A3B5E7A":
        assert (await ask(keeping, body(), headers={"Idempotency-Key": key})).status_code == 200
    assert draws(keeping) == 2


async def test_each_of_several_drawings_is_drawn_once(keeping: Stack) -> None:
    given = {"model": MODEL, "prompt": "A banana", "n": 3}
    first = await ask(keeping, given, IMAGES, headers=KEY)
    again = await ask(keeping, given, IMAGES, headers=KEY)
    assert without_request(first)["data"] == without_request(again)["data"]
    assert (draws(keeping), again.headers["idempotency-replayed"]) == (3, "true")
    for n in (1, 4):
        other = await ask(keeping, {**given, "n": n}, IMAGES, headers=KEY)
        assert (other.status_code, other.json()["error"]["param"]) == (422, "Idempotency-Key")
    assert draws(keeping) == 3


async def test_several_drawings_from_an_input_picture_are_repeated(keeping: Stack) -> None:
    """What completes the spec of the first call, such as the bytes of a picture, changes no key."""
    given = {"model": MODEL, "prompt": "Blue", "n": 2, "input_references": [PNG_URL]}
    for _ in range(2):
        without_request(await ask(keeping, given, IMAGES, headers=KEY))
    assert draws(keeping) == 2


async def test_an_answer_is_repeated_although_its_input_picture_is_gone(tmp_path: Path) -> None:
    settings = {"keep": "local", "keep_dir": str(tmp_path / "kept")}
    async with gallery() as url:
        parts = [{"type": "text", "text": "Blue"}, {"type": "image_url", "image_url": {"url": f"{url}/a"}}]
        asked = body() | {"messages": [{"role": "user", "content": parts}]}
        async with running_stack(rest=True, fetcher=fetcher_of(url), **settings) as stack:
            first = await ask(stack, asked, headers=KEY)
    async with running_stack(rest=True, **settings) as stack:
        again = await ask(stack, asked, headers=KEY)
        assert without_request(first) == without_request(again)
        assert draws(stack) == 0


async def test_what_its_caller_left_is_drawn_and_answered_later(keeping: Stack) -> None:
    asked = body("gemini/emulator-drip-100-300000")
    async with keeping.rest.stream("POST", "/v1/chat/completions", json={**asked, "stream": True}, headers=KEY) as left:
        async for line in left.aiter_lines():
            if line:
                break
    again = await ask(keeping, asked, headers=KEY)
    url = without_request(again)["choices"][0]["message"]["image"]["url"]
    [image] = keeping.emulator.ledger.entries[0].images
    assert hashlib.sha256(base64.b64decode(url.partition(",")[2])).hexdigest() == image["sha256"]
    assert draws(keeping) == 1


@pytest.mark.parametrize("key", ["", "k" * 256, "tab\there", "é"])
async def test_a_key_that_cannot_be_used_is_refused(keeping: Stack, key: str) -> None:
    answer = await ask(keeping, body(), headers=[(b"idempotency-key", key.encode("latin-1"))])
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "Idempotency-Key")
    twice = await ask(keeping, body(), headers=[("idempotency-key", "a"), ("idempotency-key", "a")])
    assert (twice.status_code, twice.json()["error"]["param"]) == (400, "Idempotency-Key")
    assert draws(keeping) == 0


async def test_where_nothing_is_kept_a_key_is_refused(rest: Stack) -> None:
    for path, given in (("/v1/chat/completions", body()), (IMAGES, {"model": MODEL, "prompt": "A banana"})):
        answer = await ask(rest, given, path, headers=KEY)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (400, "keep_off", "Idempotency-Key")
        assert "leave the header out" in error["message"]
    assert draws(rest) == 0


async def test_what_is_not_to_be_stored_is_not_kept(keeping: Stack) -> None:
    for store, code in ((None, grpc.StatusCode.OK), (False, grpc.StatusCode.NOT_FOUND)):
        answer = await ask(keeping, body(store=store))
        ident = without_request(answer)["id"].removeprefix("chat")
        call = keeping.chat.ResumeCompletion(pb.ResumeCompletionRequest(completion_id=ident))
        with suppress(grpc.aio.AioRpcError):
            assert [event async for event in call]
        assert await call.code() == code
    refused = await ask(keeping, body(store=False), headers=KEY)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "Idempotency-Key")
    assert draws(keeping) == 2
