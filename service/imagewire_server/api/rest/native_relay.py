"""Sends an answer in the provider's own format: its bytes as they arrive, unchanged, to one caller."""

import asyncio
from typing import Protocol

import msgspec

from imagewire_server.api.rest import idempotency, native_errors
from imagewire_server.api.rest.leaving import leaving
from imagewire_server.api.rest.middleware import Exchange
from imagewire_server.api.rest.respond import Responder
from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error, Internal, Stalled
from imagewire_server.core.reader import Reader
from imagewire_server.core.relay import Relay
from imagewire_server.core.wishes import Wishes
from imagewire_server.formats.google.framing import ArrayFraming, EventFraming
from imagewire_server.formats.google.paths import STREAM

_EVENTS = "text/event-stream"
_JSON = b"application/json; charset=UTF-8"


class Framing(Protocol):
    """Where a streamed answer is."""

    def feed(self, piece: bytes) -> None:
        """The next bytes."""

    def added(self, error: bytes) -> bytes | None:
        """What ends the answer with an error; None where nothing can be added."""


async def send(exchange: Exchange, responder: Responder, spec: pb.Spec, relay: Relay) -> None:
    """Have the request of `relay` answered. spec: what stands for it in the core.

    Before the first byte it raises the contract's errors. After it a stream ends with an error in Google's format where
    it is between two events; anything else is cut, so that it cannot look complete.
    """
    call, response = exchange.call, exchange.response
    draws, stream = relay.request.draws, relay.request.method == STREAM
    framing: Framing | None = None
    try:
        async with leaving(exchange.receive, exchange.calls, call):
            wishes = Wishes(keeps=draws, relay=relay)
            reader = await responder.keeper.open(
                spec, call, stream=stream, hashes=False, deadline=call.deadline, wishes=wishes
            )
            pump = asyncio.create_task(_pump(reader, relay))
            try:
                while piece := await relay.read():
                    if not response.started:
                        is_events = relay.content_type == _EVENTS
                        framing = (EventFraming() if is_events else ArrayFraming()) if stream else None
                        response.typed(_EVENTS.encode() if is_events else _JSON)
                        if draws and responder.keeper.is_keeping:
                            response.add([(b"x-imagewire-completion-id", call.completion_id.encode())])
                    if framing is not None:
                        framing.feed(piece)
                    await response.write(piece)
                    del piece  # or it is held until the next one is here
            finally:
                relay.close()
                await _end(pump)
        await response.finish()
    except Stalled:
        raise
    except Error as error:
        told = idempotency.in_callers_words(error)
        body = msgspec.json.encode(native_errors.told(told, call.request_id)[1])
        end = framing.added(body) if framing is not None else None
        if end is None:
            raise told from error.__cause__
        call.fail(error.reason)
        await response.write(end)
        await response.finish()


async def _pump(reader: Reader, relay: Relay) -> None:
    """Read the events, whose bytes the relay has, to their end; to be cancelled is to leave."""
    try:
        async with reader:
            async for _ in reader:
                pass
    except asyncio.CancelledError:
        relay.end(Internal("the reader of an answer was cancelled"))  # heard by nobody where the caller has left
        raise
    except Exception as error:  # noqa: BLE001  # it is raised where the bytes are read
        relay.end(error)
    else:
        relay.end()


async def _end(pump: "asyncio.Task[None]") -> None:
    """End the pump and wait for its clean-up, so that nothing is left running. To be cancelled only hastens it."""
    cancelled = False
    while not pump.done():
        pump.cancel()
        try:
            await asyncio.wait({pump})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
