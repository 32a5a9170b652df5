"""/v1/responses: answers that are kept, got again, gone on from and deleted."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Stack, running_stack
from tests.integration.rest_requests import MODEL, ask

PATH = "/v1/responses"
ASKED = {"model": MODEL, "input": "A banana", "tools": [{"type": "image_generation"}]}


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path / "kept")) as made:
        yield made


async def made(stack: Stack, **fields: Any) -> dict[str, Any]:
    answer = await ask(stack, {**ASKED, **fields}, PATH)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_response_is_got_again(keeping: Stack) -> None:
    first = await made(keeping)
    assert first["store"] is True
    again = await keeping.rest.get(f"{PATH}/{first['id']}")
    assert again.status_code == 200, again.text
    known = ("id", "object", "created_at", "status", "model", "output", "usage", "store")
    assert {name: again.json()[name] for name in known} == {name: first[name] for name in known}
    assert len(keeping.emulator.ledger.entries) == 1
    assert (await keeping.rest.get(f"{PATH}/{first['id']}?stream=true")).json()["error"]["param"] == "stream"


async def test_a_response_whose_caller_left_is_got_when_it_is_whole(keeping: Stack) -> None:
    given = {**ASKED, "model": "gemini/emulator-drip-3000-300000", "stream": True}
    async with keeping.rest.stream("POST", PATH, json=given) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                ident = line.partition('"id":"')[2].partition('"')[0]
                still = await keeping.rest.delete(f"{PATH}/{ident}")
                break
    again = await keeping.rest.get(f"{PATH}/{ident}")
    assert still.status_code == 409, still.text
    assert (again.status_code, again.json()["status"]) == (200, "completed")


async def test_a_response_is_deleted(keeping: Stack) -> None:
    first = await made(keeping)
    [item] = [item for item in first["output"] if item["type"] == "image_generation_call"]
    assert (await keeping.rest.get(f"/v1/files/{item['image_id']}")).status_code == 200
    path = f"{PATH}/{first['id']}"
    async with asyncio.timeout(30):
        while (answer := await keeping.rest.delete(path)).status_code == 409:  # it is being written
            pass
    assert answer.json() == {"id": first["id"], "object": "response", "deleted": True}
    assert (await keeping.rest.get(path)).json()["error"]["code"] == "completion_not_found"
    assert (await keeping.rest.delete(path)).status_code == 404
    assert (await keeping.rest.get(f"/v1/files/{item['image_id']}")).status_code == 404


async def test_a_response_is_gone_on_from(keeping: Stack) -> None:
    first = await made(keeping, instructions="Draw flat")
    second = await made(keeping, input="Now with a hat", previous_response_id=first["id"])
    assert second["previous_response_id"] == first["id"]
    await made(keeping, input="Now blue", previous_response_id=second["id"])
    sent = keeping.emulator.ledger.entries[-1].body
    assert [turn["role"] for turn in sent["contents"]] == ["user", "model", "user", "model", "user"]
    assert [turn["parts"][-1].get("text") for turn in sent["contents"][::2]] == [
        "A banana",
        "Now with a hat",
        "Now blue",
    ]
    assert all(any("inlineData" in part for part in turn["parts"]) for turn in sent["contents"][1::2])


async def test_what_is_not_stored_is_not_found(keeping: Stack) -> None:
    first = await made(keeping, store=False)
    assert first["store"] is False
    assert (await keeping.rest.get(f"{PATH}/{first['id']}")).status_code == 404
    answer = await ask(keeping, {**ASKED, "previous_response_id": first["id"]}, PATH)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (404, "previous_response_id")
    assert "cmpl-" not in error["message"]
    wrong = await ask(keeping, {**ASKED, "previous_response_id": "resp_1"}, PATH)
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "previous_response_id")
    for path in ("resp_1", "chatcmpl-1", "resp_" + "0" * 32):
        assert (await keeping.rest.get(f"{PATH}/{path}")).status_code == 404


async def test_responses_need_a_store(rest: Stack) -> None:
    answers = [
        await rest.rest.get(f"{PATH}/resp_1"),
        await rest.rest.delete(f"{PATH}/resp_1"),
        await ask(rest, {**ASKED, "previous_response_id": "resp_" + "0" * 32}, PATH),
    ]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(400, "keep_off")] * 3
    assert answers[2].json()["error"]["param"] == "previous_response_id"
    refused = await ask(rest, {**ASKED, "store": True}, PATH)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "store")
    dropped = await ask(rest, {**ASKED, "store": True, "drop_params": True}, PATH)
    assert (dropped.status_code, dropped.headers["x-imagewire-dropped"], dropped.json()["store"]) == (
        200,
        "store",
        False,
    )
