"""Turns events into a response: writes the encoder's pieces, and keeps pictures that are needed a second time.

This is the only place where the REST API uses the core. Every endpoint that draws goes through it.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import pybase64

from imagewire_server.api.rest import notices, time_limit
from imagewire_server.api.rest.body import Disconnected, Receive
from imagewire_server.api.rest.keepalive import Keepalive
from imagewire_server.api.rest.middleware import Exchange, Scope
from imagewire_server.api.rest.remote_images import Pictures
from imagewire_server.api.rest.response import Response
from imagewire_server.api.rest.temp_buffer import TempBuffer
from imagewire_server.contract import json_scan
from imagewire_server.contract.errors import Error, InvalidRequest, Stalled, Violation
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.contract.limits import LIGHT_BYTES
from imagewire_server.core.call import Call
from imagewire_server.core.generate import Engine
from imagewire_server.core.offload import run_for_call
from imagewire_server.formats.openai.common import reading
from imagewire_server.formats.openai.common.encoder import Encoder, ImageRef, Key, Piece, StreamEncoder
from imagewire_server.formats.openai.common.reading import Request, SpecOf
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder, in_callers_names

_R = TypeVar("_R", bound=Request)
_MUCH = 128 * 1024
_UNSIGNED = (
    "has lost the signature that this model requires: send the message back unchanged, with its"
    " provider_specific_fields, or send the picture in a user message"
)


class ImageBuffers:
    """The pictures, and other media, whose bytes are needed again."""

    def __init__(self) -> None:
        self._buffers: dict[Key, TempBuffer] = {}

    async def take(self, chunk: Chunk, needs: Collection[Key]) -> None:
        """Keep the bytes of a chunk if its part is needed."""
        key = chunk.candidate_index, chunk.part_index
        if key in needs:
            await self._buffers.setdefault(key, TempBuffer()).write(chunk.data)

    async def base64(self, key: Key) -> AsyncIterator[bytes]:
        """Yield the base64 of a kept part, piece by piece."""
        async for piece in self._buffers[key].pieces():
            yield pybase64.b64encode(piece)

    def forget(self, needs: Collection[Key]) -> None:
        """Drop all others."""
        for key in [key for key in self._buffers if key not in needs]:
            self._buffers.pop(key).close()

    def close(self) -> None:
        """Drop everything."""
        while self._buffers:
            self._buffers.popitem()[1].close()


@dataclass(frozen=True, slots=True)
class Responder:
    """What all endpoints that draw share. heartbeat_interval: seconds.

    bypass_signatures: whether missing signatures that the model requires are replaced; otherwise they are refused.
    """

    engine: Engine
    pictures: Pictures
    heartbeat_interval: float
    bypass_signatures: bool

    async def read(
        self, exchange: Exchange, scope: Scope, kind: type[_R], spec_of: SpecOf[_R]
    ) -> tuple[_R, SpecBuilder]:
        """Read the JSON body of a call. Raises InvalidRequest, with every wrong field."""
        body = await exchange.body.whole()
        model = scope["path_params"].get("model")
        if model:
            _name_model(body, model)
        exchange.call.large = json_scan.is_large(body)
        router = self.engine.router
        made = await run_for_call(
            exchange.call,
            reading.read,
            body,
            kind,
            spec_of,
            router.capabilities,
            drops=router.routing.drop_params,
            path_names_model=bool(model),
        )
        if made[1].unsigned and not self.bypass_signatures:
            raise InvalidRequest([Violation(name, _UNSIGNED) for name in made[1].unsigned])
        self.begin(exchange, made[1])
        return made

    @staticmethod
    def begin(exchange: Exchange, builder: SpecBuilder) -> None:
        """Set the deadline of a request that was read, and the headers about it. Raises InvalidRequest."""
        time_limit.set_deadline(exchange.call, builder.timeout)
        exchange.response.add(notices.headers(builder))

    @asynccontextmanager
    async def drawing(
        self, call: Call, builder: SpecBuilder, *, stream: bool
    ) -> AsyncIterator[AsyncIterator[list[StreamEvent]]]:
        """Yield the events. Raises the contract's errors, with the caller's field names."""
        await run_for_call(call, builder.check)
        try:
            completion = self.engine.start(
                builder.spec, stream=stream, deadline=call.deadline, call=call, fallbacks=builder.fallbacks
            )
            # OpenAI's JSON has no field for a hash.
            async with completion.attach(hashes=False) as reader:
                yield reader
        except InvalidRequest as error:
            raise in_callers_names(error, builder.origins) from None

    @asynccontextmanager
    async def leaving(self, exchange: Exchange) -> AsyncIterator[None]:
        """Cancel the body if the client disconnects (Disconnected) or the server stops (with its own errors)."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine runs in one
        watch = asyncio.create_task(_gone(exchange.receive, task))
        try:
            yield
        except asyncio.CancelledError:
            exchange.calls.raise_if_ended(exchange.call)
            if watch.done() and not watch.cancelled() and task.uncancel() == 0:
                raise Disconnected from None
            raise
        finally:
            watch.cancel()

    async def _fetched(self, exchange: Exchange, builder: SpecBuilder) -> None:
        """Fetch the pictures of a request, in the slot of its call.

        The slot is released before the core takes it again. Nothing is awaited in between, so that no other call can
        take it, unless the pictures are large.
        """
        if await run_for_call(exchange.call, self.pictures.wanted, builder):
            self.engine.router.resolve(builder.spec.model)  # nothing is fetched for an unknown model
            with self.engine.slot():
                async with time_limit.before_drawing(exchange.call):
                    fetched = await self.pictures.fetch(builder)
            exchange.call.large = exchange.call.large or fetched > LIGHT_BYTES

    async def answer(self, exchange: Exchange, builder: SpecBuilder, encoder: Encoder) -> None:
        """Send one JSON object. It is held back while it is small, so that a failure until then gets its own status."""
        buffers = ImageBuffers()
        try:
            exchange.response.hold()
            async with self.leaving(exchange):
                await self._fetched(exchange, builder)
                async with self.drawing(exchange.call, builder, stream=False) as stream:
                    async for events in stream:
                        await _pass_on(events, encoder, buffers, exchange.response)
            await exchange.response.finish()
        finally:
            buffers.close()

    async def stream(self, exchange: Exchange, builder: SpecBuilder, encoder: StreamEncoder) -> None:
        """Send server-sent events. A failure after the first of them is sent as an event."""
        buffers = ImageBuffers()
        response = exchange.response
        response.stream()
        try:
            async with self.leaving(exchange):
                await self._fetched(exchange, builder)
                async with (
                    self.drawing(exchange.call, builder, stream=True) as stream,
                    Keepalive(response, encoder, self.heartbeat_interval) as keepalive,
                ):
                    async for events in stream:
                        async with keepalive.writing:
                            await _pass_on(events, encoder, buffers, response)
            await response.finish()
        except Stalled:
            raise
        except Error as error:
            if not response.started:
                raise
            exchange.call.fail(error.reason)
            await write(encoder.fail(error), buffers, response)
            await response.finish()
        finally:
            buffers.close()


def _name_model(body: bytearray, model: str) -> None:
    """Add the model of the path to a body, in place. The decoder takes the last of two."""
    end = body.rfind(b"}")
    comma = b"" if body[:end].rstrip().endswith(b"{") else b","
    if end >= 0:
        body[end:end] = comma + b'"model":' + msgspec.json.encode(model)


async def _pass_on(events: list[StreamEvent], encoder: Encoder, buffers: ImageBuffers, response: Response) -> None:
    """Write what events add, in one step; keep what is needed again."""
    ready: list[bytes] = []
    for event in events:
        if isinstance(event, Chunk):
            pieces = encoder.feed_chunk(event)
            await buffers.take(event, encoder.needs)
            if pieces:
                await _gather(pieces, ready, buffers, response)
        elif pieces := encoder.feed(event.WhichOneof("event"), event):
            await _gather(pieces, ready, buffers, response)
            buffers.forget(encoder.needs)
    if ready:
        await response.write(b"".join(ready))


async def write(pieces: Iterable[Piece], buffers: ImageBuffers, response: Response) -> None:
    """Write pieces; adjacent bytes in one step."""
    ready: list[bytes] = []
    await _gather(pieces, ready, buffers, response)
    if ready:
        await response.write(b"".join(ready))


async def _gather(pieces: Iterable[Piece], ready: list[bytes], buffers: ImageBuffers, response: Response) -> None:
    """Add pieces to the bytes that are ready; write them when there are many."""
    for piece in pieces:
        if isinstance(piece, ImageRef):
            async for encoded in buffers.base64(piece.key):
                ready.append(encoded)
                if len(encoded) >= _MUCH:
                    await response.write(b"".join(ready))
                    ready.clear()
        else:
            ready.append(piece)


async def _gone(receive: Receive, task: "asyncio.Task[object]") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    task.cancel()
