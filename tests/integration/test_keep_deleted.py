"""What its caller has deleted: it is gone, and what named it is not drawn and paid for again in silence."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack
from tests.integration.keeping import draw, draws, resume
from tests.integration.rest_requests import MODEL, ask
from tests.integration.shared_store import keep_settings
from tests.integration.status import Told, told

RESPONSES = "/v1/responses"


@pytest.fixture(params=["local", "folder"])
async def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(rest=True, **keep_settings(request, tmp_path)) as made:
        yield made


async def refused(call: object) -> Told:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call  # type: ignore[misc]
    return told(failed.value)


@pytest.mark.parametrize("model", [MODEL, "gemini/emulator-size-3MB"])
async def test_a_deleted_answer_is_not_paid_again(keeping: Stack, model: str) -> None:
    ident = str(uuid.uuid4())
    events = await draw(keeping, model, request_id=ident)
    [image] = [event.part_finished.image for event in events if event.part_finished.HasField("image")]
    await keeping.images.DeleteImage(pb.DeleteImageRequest(image_id=image.image_id))
    for again in (draw(keeping, model, request_id=ident), resume(keeping, request_id=ident)):
        known = await refused(again)
        assert (known.code, known.info.reason) == ("ABORTED", "ANSWER_NOT_KEPT")
        assert "was deleted" in known.message
        assert "to draw again, and pay again, send the request with a new request_id" in known.message
    gone = keeping.images.DeleteImage(pb.DeleteImageRequest(image_id=image.image_id))
    assert (await refused(gone)).info.reason == "IMAGE_NOT_FOUND"
    assert draws(keeping) == 1


async def test_a_deleted_answer_without_an_id_is_unknown(keeping: Stack) -> None:
    events = await draw(keeping)
    [image] = [event.part_finished.image for event in events if event.part_finished.HasField("image")]
    await keeping.images.DeleteImage(pb.DeleteImageRequest(image_id=image.image_id))
    known = await refused(resume(keeping, completion_id=events[0].started.completion_id))
    assert known.info.reason == "COMPLETION_NOT_FOUND"


async def test_a_deleted_response_is_not_paid_again(keeping: Stack) -> None:
    asked, key = {"model": MODEL, "input": "A banana"}, {"Idempotency-Key": "order 17"}
    first = await ask(keeping, asked, RESPONSES, headers=key)
    path = f"{RESPONSES}/{first.json()['id']}"
    assert (await keeping.rest.delete(path)).status_code == 200
    again = await ask(keeping, asked, RESPONSES, headers=key)
    error = again.json()["error"]
    assert (again.status_code, error["code"]) == (409, "answer_not_kept")
    assert "was deleted" in error["message"]
    assert "new Idempotency-Key" in error["message"]
    for gone in (await keeping.rest.get(path), await keeping.rest.delete(path)):
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "completion_not_found")
        assert "request_id" not in gone.json()["error"]["message"]
    assert draws(keeping) == 1
