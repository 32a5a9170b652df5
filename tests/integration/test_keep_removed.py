"""A folder of kept answers that is removed while the server runs."""

import asyncio
import shutil
import uuid
from pathlib import Path

import grpc
import pytest

from tests.conftest import Stack, running_stack
from tests.integration.keeping import draw
from tests.integration.status import told


async def is_promised(stack: Stack, **fields: str) -> bool:
    """Draw. Whether the answer says until when it is kept."""
    return (await draw(stack, **fields))[0].started.HasField("expire_time")


async def test_a_folder_that_was_removed_promises_nothing_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    async with running_stack(rest=True, keep="local", keep_dir=str(folder)) as stack:
        assert await is_promised(stack)
        shutil.rmtree(folder)
        folder.write_bytes(b"in the way")
        assert not await is_promised(stack)
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await draw(stack, request_id=str(uuid.uuid4()))
        assert told(failed.value).info.reason == "STORE_UNAVAILABLE"
        (warning,) = (await stack.rest.get("/health/readiness")).json()["warnings"]
        assert "the store of answers does not work now" in warning
        assert (await stack.rest.get("/health")).json()["warnings"] == [warning]
        folder.unlink()
        async with asyncio.timeout(60):
            while not await is_promised(stack):
                pass
        assert await is_promised(stack, request_id=str(uuid.uuid4()))
        assert (await stack.rest.get("/health/readiness")).json()["warnings"] == []
