"""Turns events into a response: reads a request, has its picture drawn, and writes the encoder's pieces.

This is the only place where the REST API uses the core. Every endpoint that draws goes through it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from imagewire_server.api.rest import caching, idempotency, notices, time_limit
from imagewire_server.api.rest.body import name_model
from imagewire_server.api.rest.held_answer import HeldAnswer
from imagewire_server.api.rest.image_buffers import ImageBuffers, pass_on, write
from imagewire_server.api.rest.keepalive import Keepalive
from imagewire_server.api.rest.leaving import leaving
from imagewire_server.api.rest.located import PREVIOUS, located
from imagewire_server.api.rest.middleware import Exchange, Scope
from imagewire_server.api.rest.picture_urls import PictureUrls
from imagewire_server.api.rest.remote_images import Pictures
from imagewire_server.contract import json_scan, pb
from imagewire_server.contract.errors import Error, InvalidRequest, Stalled
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.keep_errors import (
    CompletionNotFound,
    ImageNotFound,
    KeepOff,
    RequestIdReused,
)
from imagewire_server.contract.limits import LIGHT_BYTES
from imagewire_server.core import claiming
from imagewire_server.core.call import Call
from imagewire_server.core.generate import Engine
from imagewire_server.core.keeper import Keeper
from imagewire_server.core.offload import run_for_call
from imagewire_server.core.wishes import ANY, Wishes
from imagewire_server.formats.openai.common import reading
from imagewire_server.formats.openai.common.delivery import INSIDE, Delivery
from imagewire_server.formats.openai.common.encoder import Encoder, StreamEncoder
from imagewire_server.formats.openai.common.reading import Request, SpecOf
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder, in_callers_names, named

_R = TypeVar("_R", bound=Request)


@dataclass(frozen=True, slots=True)
class Asked:
    """How an endpoint's request wants to be drawn. path: of the endpoint. key: its Idempotency-Key, "" for none.

    delivery: how its pictures are delivered.
    """

    path: str
    wishes: Wishes = ANY
    key: str = ""
    delivery: Delivery = INSIDE


@dataclass(frozen=True, slots=True)
class Responder:
    """What all endpoints that draw share. heartbeat_interval: seconds."""

    engine: Engine
    keeper: Keeper
    urls: PictureUrls
    pictures: Pictures
    heartbeat_interval: float

    async def read(
        self, exchange: Exchange, scope: Scope, kind: type[_R], spec_of: SpecOf[_R]
    ) -> tuple[_R, SpecBuilder]:
        """Read the JSON body of a call. Raises InvalidRequest, with every wrong field."""
        body = await exchange.body.whole()
        model = scope["path_params"].get("model")
        if model:
            name_model(body, model)
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
        self.begin(exchange, made[1])
        return made

    @staticmethod
    def begin(exchange: Exchange, builder: SpecBuilder) -> None:
        """Set the deadline of a request that was read, and the headers about it. Raises InvalidRequest."""
        time_limit.set_deadline(exchange.call, builder.timeout)
        exchange.response.add(notices.headers(builder))

    async def asked(
        self,
        exchange: Exchange,
        scope: Scope,
        builder: SpecBuilder,
        path: str,
        *,
        keeps: bool = True,
        beside: bytes = b"",
        by_url: str = "",
    ) -> Asked:
        """What the request wants beside its spec. path: of the endpoint. keeps: whether its answer may be kept.

        beside: what else than the spec tells one request from another. by_url: the field that asks for URLs of
        pictures. Raises InvalidRequest and KeepOff.
        """
        call = exchange.call
        if builder.spec.previous_completion_id and self.keeper.links is None:
            words = "this server keeps no answers: send the earlier items in input"
            raise located(KeepOff(f"{PREVIOUS}: {words}"), builder.origins)
        self.urls.take_back(exchange, scope, builder)
        delivery = self.urls.delivery(exchange, scope, by_url, keeps=keeps) if by_url else Delivery()
        key = idempotency.key_of(call.headers)
        cache = caching.wish(call, builder.cache, keeps=keeps)
        if not key:
            return Asked(path, Wishes(keeps=keeps, cache=cache), delivery=delivery)
        if self.keeper.links is None:
            raise idempotency.keep_off()
        if not keeps:
            raise idempotency.not_stored()
        # That of what the caller sent: a picture named by URL may change, or be gone, when the request is repeated.
        digest = await run_for_call(call, claiming.fingerprint_of, builder.spec)
        return Asked(path, Wishes(fingerprint=digest + beside, cache=cache), key, delivery)

    @asynccontextmanager
    async def drawing(
        self, call: Call, builder: SpecBuilder, asked: Asked, *, stream: bool, number: int = 0
    ) -> AsyncIterator[AsyncIterator[list[StreamEvent]]]:
        """Yield the events. number: of the drawing, where a request asks for several.

        Raises the contract's errors, with the caller's field names.
        """
        call.name_of = partial(named, origins=builder.origins)
        call.cleared = frozenset(builder.cleared)
        wants = await run_for_call(call, self.pictures.wanted, builder)
        if wants:
            self.engine.router.resolve(builder.spec.model)  # nothing is fetched for an unknown model
        else:
            await run_for_call(call, builder.check)
        try:
            reader = await self.keeper.open(
                builder.spec,
                call,
                stream=stream,
                hashes=False,  # OpenAI's JSON has no field for a hash
                deadline=call.deadline,
                request_id=idempotency.request_id(asked.path, asked.key, number),
                wishes=replace(
                    asked.wishes,
                    fallbacks=builder.fallbacks,
                    prepare=partial(self._fetch, call, builder) if wants else None,
                    cache=replace(asked.wishes.cache, number=number),
                ),
            )
            async with reader:
                yield reader
        except RequestIdReused as error:
            raise idempotency.in_callers_words(error) from None
        except InvalidRequest as error:
            raise in_callers_names(error, builder.origins) from None
        except (CompletionNotFound, ImageNotFound, KeepOff) as error:
            raise located(error, builder.origins) from None
        except Error as error:
            raise idempotency.in_callers_words(error) from error.__cause__

    async def _fetch(self, call: Call, builder: SpecBuilder) -> None:
        """Fetch the pictures of a request, in the slot of its call.

        The slot is released before the core takes it again. Nothing is awaited in between, so that no other call can
        take it, unless the pictures are large or the answer is kept.
        """
        with self.engine.slot():
            async with time_limit.before_drawing(call):
                fetched = await self.pictures.fetch(builder)
        call.large = call.large or fetched > LIGHT_BYTES
        await run_for_call(call, builder.check)

    async def settle_pictures(self, call: Call, asked: Asked, held: HeldAnswer) -> None:
        """All of an answer is drawn: where its pictures are not kept, deliver them inside it."""
        if not await self.keeper.has_images(call.caller.id, held.image_ids):
            asked.delivery.lose()

    async def answer(self, exchange: Exchange, builder: SpecBuilder, encoder: Encoder, asked: Asked) -> None:
        """Send one JSON object. It is held back while it is small, so that a failure until then gets its own status."""
        buffers, held = ImageBuffers(), HeldAnswer(asked.delivery)
        try:
            exchange.response.hold()
            async with (
                leaving(exchange.receive, exchange.calls, exchange.call),
                self.drawing(exchange.call, builder, asked, stream=False) as stream,
            ):
                async for events in stream:
                    if asked.delivery.by_url:
                        await held.take(events)
                    else:
                        await pass_on(events, encoder, buffers, exchange.response)
                await self.settle_pictures(exchange.call, asked, held)
                async for events in held.again():
                    await pass_on(events, encoder, buffers, exchange.response)
            await exchange.response.finish()
        finally:
            buffers.close()
            held.buffers.close()

    async def replay(self, exchange: Exchange, completion_id: str, encoder: Encoder) -> None:
        """Send an answer that is kept as one JSON object, as soon as it is whole. Raises the contract's errors."""
        buffers = ImageBuffers()
        try:
            exchange.response.hold()
            async with leaving(exchange.receive, exchange.calls, exchange.call):
                request = pb.ResumeCompletionRequest(completion_id=completion_id)
                async with await self.keeper.resume(exchange.call, request) as reader:
                    async for events in reader:
                        await pass_on(events, encoder, buffers, exchange.response)
            await exchange.response.finish()
        except Error as error:
            raise idempotency.in_callers_words(error) from error.__cause__
        finally:
            buffers.close()

    async def stream(self, exchange: Exchange, builder: SpecBuilder, encoder: StreamEncoder, asked: Asked) -> None:
        """Send server-sent events. A failure after the first of them is sent as an event.

        What tells how an answer ended waits until it is known whether its pictures are kept, where they go by URL.
        """
        held = HeldAnswer(asked.delivery)
        buffers = held.buffers if asked.delivery.by_url else ImageBuffers()
        last: list[StreamEvent] = []
        response = exchange.response
        response.stream()
        try:
            async with (
                leaving(exchange.receive, exchange.calls, exchange.call),
                self.drawing(exchange.call, builder, asked, stream=True) as stream,
                Keepalive(response, encoder, self.heartbeat_interval) as keepalive,
            ):
                async for events in stream:
                    now, ends = held.split(events) if asked.delivery.by_url else (events, [])
                    last += ends
                    async with keepalive.writing:
                        await pass_on(now, encoder, buffers, response)
                await self.settle_pictures(exchange.call, asked, held)
                async with keepalive.writing:
                    await pass_on(last, encoder, buffers, response)
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
