"""Channels for asyncio. Each belongs to one event loop, so there is one for each loop that a client is used in."""

import asyncio
import contextlib
import threading
from collections.abc import Callable

import grpc.aio

from imagewire.v1 import chat_service_pb2_grpc, image_service_pb2_grpc, model_service_pb2_grpc


class Connection:
    """A channel and its stubs. closed: set when the client is closed."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel
        self.chat: chat_service_pb2_grpc.ChatServiceAsyncStub = chat_service_pb2_grpc.ChatServiceStub(channel)
        self.models: model_service_pb2_grpc.ModelServiceAsyncStub = model_service_pb2_grpc.ModelServiceStub(channel)
        self.images: image_service_pb2_grpc.ImageServiceAsyncStub = image_service_pb2_grpc.ImageServiceStub(channel)
        self.closed = asyncio.Event()

    async def close(self) -> None:
        """Cancel the calls that run. Call it in the channel's own loop."""
        self.closed.set()
        await self.channel.close()

    async def wait(self, seconds: float) -> None:
        """Wait for some seconds, or until the client is closed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.closed.wait(), seconds)


class Connections:
    """The connections of one client. make: makes a channel for the running loop."""

    def __init__(self, make: Callable[[], grpc.aio.Channel]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._of: dict[asyncio.AbstractEventLoop, Connection] = {}

    def here(self) -> Connection:
        """The connection of the running loop."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if loop not in self._of:
                # A channel of a loop that has ended closes its sockets when it is forgotten.
                for ended in [each for each in self._of if each.is_closed()]:
                    del self._of[ended]
                self._of[loop] = Connection(self._make())
            return self._of[loop]

    async def close(self) -> None:
        """Close all of them, also those of loops that run in other threads."""
        with self._lock:
            closing, self._of = self._of, {}
        for loop, connection in closing.items():
            if loop is asyncio.get_running_loop():
                await connection.close()
            elif loop.is_running():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(connection.close(), loop))
