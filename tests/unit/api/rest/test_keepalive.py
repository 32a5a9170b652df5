"""Pings: a comment never stands inside an event."""

import asyncio
from typing import Any, cast

from imagewire_server.api.rest.keepalive import Keepalive


class _Opening:
    """An encoder that opens a picture's line between a ping's being due and its being written."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._whole = iter([True])

    @property
    def at_event_boundary(self) -> bool:
        at_event_boundary = next(self._whole, False)
        if not at_event_boundary:
            self.asked.set()
        return at_event_boundary


class _Response:
    def __init__(self) -> None:
        self.written: list[bytes] = []

    async def write(self, data: bytes) -> None:
        self.written.append(data)


async def test_a_ping_that_is_due_before_a_picture_and_comes_behind_its_start_is_left_out() -> None:
    encoder, response = _Opening(), _Response()
    async with Keepalive(cast("Any", response), cast("Any", encoder), 0.01), asyncio.timeout(60):
        await encoder.asked.wait()
    assert response.written == []
