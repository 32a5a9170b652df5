"""/v1/files: a picture that is sent once is named by its id in chats, responses and edits."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Stack, running_stack
from tests.integration.rest_requests import MODEL, ask, body
from tests.pictures import PNG

EDITS = "/v1/images/edits"
SENT = f"<{4 * -(-len(PNG) // 3)} characters>"


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path / "kept")) as made:
        yield made


async def upload(stack: Stack, data: bytes = PNG, purpose: str = "vision", **more: Any) -> httpx.Response:
    files = {"file": ("banana.png", data)}
    return await stack.rest.post("/v1/files", files=files, data={"purpose": purpose, **more})


def sent(stack: Stack) -> list[str]:
    """The pictures of the emulator's last call."""
    turns = stack.emulator.ledger.entries[-1].body["contents"]
    return [part["inlineData"]["data"] for turn in turns for part in turn["parts"] if "inlineData" in part]


async def test_a_file_is_described_read_and_deleted(keeping: Stack) -> None:
    made = (await upload(keeping)).json()
    assert (made["object"], made["bytes"], made["filename"], made["purpose"]) == (
        "file",
        len(PNG),
        "banana.png",
        "vision",
    )
    assert made["expires_at"] - made["created_at"] == 24 * 3600
    path = f"/v1/files/{made['id']}"
    again = (await keeping.rest.get(path)).json()
    assert again | {"filename": ""} == made | {"filename": ""}
    content = await keeping.rest.get(f"{path}/content", headers={"range": "bytes=1-3"})
    assert (content.status_code, content.content, content.headers["content-type"]) == (206, b"PNG", "image/png")
    assert (await keeping.rest.get(f"{path}/content")).content == PNG
    assert (await keeping.rest.delete(path)).json() == {"id": made["id"], "object": "file", "deleted": True}
    for answer in (await keeping.rest.get(path), await keeping.rest.get(f"{path}/content")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "image_not_found")
    assert (await keeping.rest.delete(path)).status_code == 404


async def test_a_file_is_an_input_picture(keeping: Stack) -> None:
    ident = (await upload(keeping)).json()["id"]
    text = {"type": "text", "text": "Blue"}
    chat = body(messages=[{"role": "user", "content": [text, {"type": "file", "file": {"file_id": ident}}]}])
    content = [{"type": "input_text", "text": "Blue"}, {"type": "input_image", "file_id": ident}]
    response = {"model": MODEL, "input": [{"role": "user", "content": content}]}
    for path, given in (("/v1/chat/completions", chat), ("/v1/responses", response)):
        answer = await ask(keeping, given, path)
        assert answer.status_code == 200, answer.text
        assert sent(keeping) == [SENT]
    form = {"model": MODEL, "prompt": "Blue", "image[]": [ident, ident], "n": "2"}
    answer = await keeping.rest.post(EDITS, data=form, files={"mask": PNG})
    assert answer.status_code == 200, answer.text
    assert sent(keeping) == [SENT] * 3


async def test_a_picture_of_an_answer_is_an_input_picture(keeping: Stack) -> None:
    answer = (await ask(keeping, {"model": MODEL, "prompt": "A banana"}, "/v1/images/generations")).json()
    ident = answer["data"][0]["image_id"]
    form = {"model": MODEL, "prompt": "Blue", "image": ident}
    edited = await keeping.rest.post(EDITS, data=form, files={"image": PNG})
    assert edited.status_code == 200, edited.text
    assert len(sent(keeping)) == 2
    assert (await keeping.rest.get(f"/v1/files/{ident}")).json()["bytes"] > 0


async def test_an_unknown_file_is_named(keeping: Stack) -> None:
    chat = body(messages=[{"role": "user", "content": [{"type": "file", "file": {"file_id": "img-1"}}]}])
    answer = await ask(keeping, chat)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (404, "image_not_found")
    assert error["param"] == "messages[0].content[0].file.file_id"
    content = [{"type": "input_image", "file_id": "img-1"}]
    answer = await ask(keeping, {"model": MODEL, "input": [{"role": "user", "content": content}]}, "/v1/responses")
    assert (answer.status_code, answer.json()["error"]["param"]) == (404, "input[0].content[0].file_id")
    assert keeping.emulator.ledger.entries == []


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"data": b"text"}, "file"),
        ({"data": b""}, "file"),
        ({"purpose": "batch"}, "purpose"),
        ({"expires_after[seconds]": "5"}, "expires_after[seconds]"),
        ({"purpose": ["vision", "vision"]}, "purpose"),
    ],
)
async def test_a_wrong_form_is_refused(keeping: Stack, given: dict[str, Any], param: str) -> None:
    answer = await upload(keeping, **given)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


async def test_another_body_is_refused(keeping: Stack) -> None:
    assert (await keeping.rest.post("/v1/files", json={"purpose": "vision"})).status_code == 415


async def test_files_need_a_store(rest: Stack) -> None:
    answers = [
        await upload(rest),
        await rest.rest.get("/v1/files/img-1"),
        await rest.rest.get("/v1/files/img-1/content"),
        await rest.rest.delete("/v1/files/img-1"),
        await ask(rest, body(messages=[{"role": "user", "content": [{"type": "file", "file": {"file_id": "img-1"}}]}])),
    ]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(400, "keep_off")] * 5


async def test_a_file_is_for_its_key(tmp_path: Path) -> None:
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path / "kept"), master_key="sk-1") as stack:
        stack.rest.headers["authorization"] = "Bearer sk-1"
        ident = (await upload(stack)).json()["id"]
        assert (await stack.rest.get(f"/v1/files/{ident}")).status_code == 200
        del stack.rest.headers["authorization"]
        assert (await stack.rest.get(f"/v1/files/{ident}/content")).status_code == 401
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path / "kept")) as stack:
        assert (await stack.rest.get(f"/v1/files/{ident}/content")).status_code == 404
