"""A chat that goes on by the id of its last answer, however old its first turns are."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack
from tests.integration.keeping import resume
from tests.integration.rest_requests import MODEL, ask
from tests.integration.shared_store import keep_settings
from tests.integration.status import told
from tests.integration.test_kept_images import PICTURE, described, upload

RESPONSES = "/v1/responses"
TTL = 1000.0
SMALL, LARGE = MODEL, "gemini/emulator-size-300000"


@pytest.fixture(params=["local", "folder"])
async def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(rest=True, keep_ttl=TTL, **keep_settings(request, tmp_path)) as made:
        yield made


async def turn(stack: Stack, model: str = SMALL, before: str = "", image: pb.Image | None = None) -> Any:
    message = pb.ChatMessage(role=pb.Role.ROLE_USER, content="And then?", image=image)
    spec = pb.Spec(model=model, messages=[message], previous_completion_id=before)
    return await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec))


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the server's clock be ahead."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + seconds)


@pytest.mark.parametrize("model", [SMALL, LARGE])
async def test_each_turn_keeps_those_before_it(keeping: Stack, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the time that an answer is kept passes between two turns."""
    picture = (await upload(keeping, described(), (0, PICTURE))).image
    before = ""
    for number in range(4):
        image = pb.Image(sha256=picture.sha256) if number == 0 else None
        before = (await turn(keeping, model, before, image)).completion_id
        later(monkeypatch, 0.6 * TTL)
    sent = keeping.emulator.ledger.entries[-1].body["contents"]
    assert [one["role"] for one in sent] == ["user", "model"] * 3 + ["user"]
    assert sum("inlineData" in part for part in sent[0]["parts"]) == 1


async def test_a_turn_whose_start_was_deleted_names_it(keeping: Stack) -> None:
    first = await turn(keeping)
    second = await turn(keeping, before=first.completion_id)
    third = await turn(keeping, before=second.completion_id)
    events = await resume(keeping, completion_id=first.completion_id)
    [image] = [event.part_finished.image for event in events if event.part_finished.HasField("image")]
    await keeping.images.DeleteImage(pb.DeleteImageRequest(image_id=image.image_id))
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await turn(keeping, before=third.completion_id)
    known = told(failed.value)
    assert (known.info.reason, known.info.metadata["completion_id"]) == ("COMPLETION_NOT_FOUND", first.completion_id)
    assert f"goes on from {first.completion_id!r}, which" in known.message
    assert third.completion_id not in known.message
    assert "send the whole chat in messages" in known.message
    assert len(await resume(keeping, completion_id=third.completion_id)) > 1


async def test_a_response_whose_start_was_deleted_names_it(keeping: Stack) -> None:
    idents: list[str] = []
    for _ in range(2):
        given = {"model": MODEL, "input": "A cat", "previous_response_id": idents[-1] if idents else None}
        idents.append((await ask(keeping, given, RESPONSES)).json()["id"])
    assert (await keeping.rest.delete(f"{RESPONSES}/{idents[0]}")).status_code == 200
    given = {"model": MODEL, "input": "A dog", "previous_response_id": idents[1]}
    answer = await ask(keeping, given, RESPONSES)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (404, "previous_response_id", "completion_not_found")
    assert f"goes on from {idents[0]!r}, which" in error["message"]
    assert "cmpl-" not in error["message"]
    assert "send the earlier items in input" in error["message"]
