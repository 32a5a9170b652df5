"""Comments that keep an idle stream open through proxies, and start it if the model is slow."""

import asyncio

from imagewire_server.api.rest.response import Response
from imagewire_server.formats.openai.common.encoder import StreamEncoder

_PING = b": ping\n\n"


class Keepalive:
    """Writes a comment after `interval` seconds of silence. Hold `writing` around every other write."""

    def __init__(self, response: Response, encoder: StreamEncoder, interval: float) -> None:
        self._response = response
        self._encoder = encoder
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self.writing = _Writing(self)
        self.busy = False
        self.last = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Keepalive":
        self._timer = self._loop.call_later(self._interval, self._due)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _due(self) -> None:
        idle = self._loop.time() - self.last
        if idle >= self._interval and not self.busy and self._encoder.at_event_boundary:
            self._task = self._loop.create_task(self._ping())
            idle = 0.0
        self._timer = self._loop.call_later(max(self._interval - idle, self._interval / 10), self._due)

    async def _ping(self) -> None:
        async with self.writing:
            if self._encoder.at_event_boundary:  # the line of a picture may have begun since the ping was due
                await self._response.write(_PING)


class _Writing:
    """One write at a time, and the time of the last one."""

    def __init__(self, keepalive: Keepalive) -> None:
        self._keepalive = keepalive
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        self._keepalive.busy = True

    async def __aexit__(self, *_: object) -> None:
        self._keepalive.busy = False
        self._keepalive.last = asyncio.get_running_loop().time()
        self._lock.release()
