"""Drawings that are kept: one for each request_id, with any number of readers, now and later."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import structlog

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error, Internal
from imagewire_server.contract.keep_errors import CompletionNotFound, KeepOff, RequestIdReused, unavailable
from imagewire_server.contract.provider import Capabilities
from imagewire_server.core import answer_cache, claiming, history, kept_inputs, kept_parts, metrics
from imagewire_server.core.answer_cache import AnswerCache, Entry
from imagewire_server.core.call import Call
from imagewire_server.core.completion import Completion
from imagewire_server.core.drain import loss, pause
from imagewire_server.core.event_buffer import BufferBudget, EventBuffer
from imagewire_server.core.feed import OnDisconnect
from imagewire_server.core.generate import Engine, new_id
from imagewire_server.core.keeping import Keeping
from imagewire_server.core.kept_images import has_images
from imagewire_server.core.kept_readers import ReaderInTime, StoredReader, check_time, is_drawn
from imagewire_server.core.offload import run_for_call
from imagewire_server.core.picture_links import Links
from imagewire_server.core.reader import Reader
from imagewire_server.core.store.records import Kept, State
from imagewire_server.core.store.store import Recorder, Store, StoreDown
from imagewire_server.core.wishes import ANY, Wishes

_log = structlog.get_logger("imagewire.keep")

# Bytes of one answer, and of all, that are not yet written to the store, or not yet read by a client that keeps up.
_BUFFER, _BUFFERS = 256 * 1024, 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Running:
    completion: Completion
    kept: Kept
    recorder: Recorder


class Keeper:
    """Draws, and keeps. store: None where nothing is kept. continue_alone: whether a drawing goes on by default when
    its last reader has left. max_alone: how many may go on like that. cache_ttl: see AnswerCache.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store | None,
        *,
        goes_on: bool = True,
        max_alone: int = 64,
        max_input_bytes: int = 64 * 1024 * 1024,
        cache_ttl: float = 0.0,
    ) -> None:
        self._engine = engine
        self._cache = AnswerCache(engine, store, cache_ttl) if store is not None else None
        self._store = store
        self._goes_on = goes_on
        self._max_alone = max_alone
        self._max_input_bytes = max_input_bytes
        self._running: dict[str, _Running] = {}
        self._by_request: dict[tuple[str, str], str] = {}
        self._budget = BufferBudget(_BUFFERS)
        self.links = Links(store) if store is not None else None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_keeping(self) -> bool:
        """Whether what is drawn now is kept."""
        return self._store is not None and not self._store.is_down

    async def has_images(self, caller: str, image_ids: Collection[str]) -> bool:
        """Whether pictures are in the store, as soon as what was drawn is written."""
        return not image_ids or (self._store is not None and await has_images(self._store, caller, image_ids))

    def capabilities(self, model: str) -> Capabilities:
        """What a model can do. Raises NotFound."""
        return self._engine.router.capabilities(model)

    async def open(
        self,
        spec: pb.Spec,
        call: Call,
        *,
        stream: bool,
        hashes: bool,
        deadline: float | None,
        request_id: str = "",
        on_disconnect: int = 0,
        wishes: Wishes = ANY,
    ) -> Reader:
        """A reader of the answer to `spec`, a valid one: of a new drawing, or of that which has the request_id.

        stream, hashes, deadline: as for Engine.start and Completion.attach. on_disconnect: pb.OnDisconnect. Raises the
        contract's errors.
        """
        call.caller.check_models((spec.model, *(wishes.fallbacks or ())))
        check_time(deadline)
        if self._store is None or self._cache is None or not wishes.keeps:
            if self._store is None:
                self._check_off(request_id, on_disconnect)
                answer_cache.check_off(wishes)
            spec = await self._prepare(spec, call, wishes)
            completion = self._engine.start(spec, stream=stream, deadline=deadline, call=call, wishes=wishes)
            return completion.attach(hashes=hashes)
        request_id, fingerprint = claiming.spelled(request_id), b""
        if request_id:
            fingerprint = wishes.fingerprint or await run_for_call(call, claiming.fingerprint_of, spec)
        now = time.time()
        kept = Kept(new_id(), call.caller.id, request_id, fingerprint, now, now + self._store.ttl)
        if request_id:
            found = self._known(kept) or await claiming.claim(self._store, kept)
            if found is not None:
                if found.fingerprint != fingerprint:
                    raise RequestIdReused
                call.completion_id, call.joined = found.completion_id, True
                return self._attach(self._store, found, 0, 0, deadline)
        try:
            asked, spec = spec, await self._prepare(spec, call, wishes, kept.expires)
            entry = await self._cache.entry(spec, call, wishes) if wishes.relay is None else None
            # What is not streamed is seen by nobody before it is complete.
            cached = await self._cache.find(entry, call, deadline, whole=not stream) if entry is not None else None
        except BaseException:
            claiming.give_back(self._store, kept)
            raise
        if cached is not None:
            await cached.answer(kept)
            return ReaderInTime(cached, deadline, kept) if deadline is not None else cached
        goes_on = on_disconnect != pb.OnDisconnect.ON_DISCONNECT_CANCEL and (
            self._goes_on or on_disconnect == pb.OnDisconnect.ON_DISCONNECT_KEEP
        )
        recorder = self._store.record(kept)
        if wishes.relay is None:  # the spec of a relayed request is not all that was asked
            recorder.ask(asked)
        ended = partial(self._end, kept, recorder, call, entry)
        see = entry.see if entry is not None else None
        keeping = Keeping(self._store, kept, recorder, self._may_go_on, ended, see)
        return self._begin(keeping, spec, call, wishes, stream=stream, deadline=deadline, goes_on=goes_on)

    async def resume(self, call: Call, request: pb.ResumeCompletionRequest) -> Reader:
        """A reader of a kept answer, from a position on. Raises CompletionNotFound and others."""
        if self._store is None:
            raise KeepOff("this server keeps no answers, so it cannot resume one: ask again with StreamCompletion")
        caller, request_id = call.caller.id, claiming.spelled(request.request_id)
        ident = request.completion_id or self._by_request.get((caller, request_id), "")
        running = self._running.get(ident)
        if running is not None and running.kept.caller == caller:
            kept: Kept | None = running.kept
        else:
            try:
                kept = await self._store.find(caller, completion_id=request.completion_id, request_id=request_id)
            except StoreDown as error:
                raise unavailable() from error
        if kept is None:
            raise _not_found()
        call.completion_id = kept.completion_id
        return self._attach(self._store, kept, request.after_sequence, request.offset, call.deadline)

    async def is_drawn(self, caller: str, completion_id: str) -> bool:
        """Whether an answer of the caller's is being drawn, here or elsewhere, as far as the store knows."""
        running = self._running.get(completion_id)
        if running is not None or self._store is None:
            return running is not None and running.kept.caller == caller
        return await is_drawn(self._store, caller, completion_id)

    async def delete(self, caller: str, completion_id: str) -> bool:
        """Forget an answer and its pictures, unless it is still drawn. Returns whether it is forgotten.

        Raises CompletionNotFound, KeepOff and StoreUnavailable.
        """
        if self._store is None:
            raise KeepOff("this server keeps no answers, so there is nothing to delete")
        if await self.is_drawn(caller, completion_id):
            return False
        try:
            kept = await self._store.find(caller, completion_id=completion_id)
            if kept is None or kept.state is State.NOT_KEPT:
                raise _not_found()
            await self._store.delete(kept)
        except StoreDown as error:
            raise unavailable() from error
        return True

    async def _prepare(self, spec: pb.Spec, call: Call, wishes: Wishes, until: float = 0.0) -> pb.Spec:
        """The spec with all that it refers to, which is kept as long as its answer."""
        if wishes.prepare is not None:
            await wishes.prepare()
        own = len(spec.messages)
        try:
            spec = await history.expand(spec, self._store, call.caller.id, self._max_input_bytes, until=until)
            call.earlier_messages = len(spec.messages) - own
            for fill in kept_parts.fill, kept_inputs.fill:
                await fill(spec, self._store, call.caller.id, self._max_input_bytes, until=until)
        except StoreDown as error:
            raise unavailable() from error
        return spec

    async def drain(self, grace: float, hurry: asyncio.Event) -> None:
        """Let drawings go on for `grace` seconds, or until `hurry` is set; then end them. The store knows that."""
        over = asyncio.create_task(pause(grace, hurry))
        idle = asyncio.create_task(self._idle.wait())
        await asyncio.wait({over, idle}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        idle.cancel()
        for running in list(self._running.values()):
            await running.completion.aclose(loss())

    def _check_off(self, request_id: str, on_disconnect: int) -> None:
        if request_id:
            raise KeepOff("this server keeps no answers, so it takes no request_id: leave it out")
        if on_disconnect == pb.OnDisconnect.ON_DISCONNECT_KEEP:
            raise KeepOff("this server keeps no answers, so on_disconnect cannot be KEEP: leave it out")

    def _known(self, kept: Kept) -> Kept | None:
        ident = self._by_request.get((kept.caller, kept.request_id))
        return self._running[ident].kept if ident else None

    def _begin(
        self,
        keeping: Keeping,
        spec: pb.Spec,
        call: Call,
        wishes: Wishes,
        *,
        stream: bool,
        deadline: float | None,
        goes_on: bool,
    ) -> Reader:
        kept = keeping.kept
        completion = self._engine.start(
            spec,
            stream=stream,
            # What goes on without its caller has no deadline but those for the provider.
            deadline=None if goes_on else deadline,
            call=call,
            wishes=wishes,
            buffer=EventBuffer(_BUFFER, self._budget),
            on_disconnect=OnDisconnect.CONTINUE if goes_on else OnDisconnect.CANCEL,
            keeping=keeping,
        )
        self._running[kept.completion_id] = _Running(completion, kept, keeping.recorder)
        self._idle.clear()
        if kept.request_id:
            self._by_request[kept.caller, kept.request_id] = kept.completion_id
        reader = completion.attach(hashes=True)
        if not goes_on or deadline is None:
            return reader
        return ReaderInTime(reader, deadline, kept, keeping.recorder)

    def _may_go_on(self) -> bool:
        alone = sum(not running.completion.is_read for running in self._running.values())
        return alone <= self._max_alone

    def _attach(self, store: Store, kept: Kept, after_sequence: int, offset: int, deadline: float | None) -> Reader:
        running = self._running.get(kept.completion_id)
        reader: Reader
        if running is not None:
            reader = running.completion.attach(after_sequence, offset, hashes=True)
        else:
            reader = StoredReader(store.read(kept, after_sequence, offset))
        recorder = running.recorder if running is not None else None
        return ReaderInTime(reader, deadline, kept, recorder) if deadline is not None else reader

    def _end(self, kept: Kept, recorder: Recorder, call: Call, entry: Entry | None, outcome: Exception | None) -> None:
        """The upstream call of a drawing is over."""
        error = outcome if outcome is None or isinstance(outcome, Error) else Internal("the server failed")
        if recorder.failed:
            metrics.count_not_kept()
        cache_key = entry.key_for(call, outcome, self._engine.router) if entry is not None else b""
        recorder.end(error, free=error is not None and call.charged == "no", cache_key=cache_key)
        # From now on it is read from the store: what is asked there waits until this is written.
        self._running.pop(kept.completion_id, None)
        if not self._running:
            self._idle.set()
        self._by_request.pop((kept.caller, kept.request_id), None)
        if call.settled:
            metrics.count_cost(call)
            _log.info(
                "drawn after its caller left",
                request_id=call.request_id,
                code="OK" if error is None else error.reason,
                **call.fields(),
            )


def _not_found() -> CompletionNotFound:
    return CompletionNotFound("you have no such answer: its id is wrong, it has expired, or another key drew it")
