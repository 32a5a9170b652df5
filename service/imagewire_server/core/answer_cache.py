"""The answer cache: an answer that is kept is sent again to the same request of the same caller, while it is new.

It is off unless the configuration or the request says how old an answer may be. Only an answer that was drawn while it
was on can be found, so that a request without it costs neither a hash nor a look.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from imagewire_server.contract import pb
from imagewire_server.contract.errors import DeadlineExceeded, Error, InvalidRequest, Violation
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.contract.keep_errors import KeepOff
from imagewire_server.core.cache_key import NoKey, Way, cache_key
from imagewire_server.core.cached_reader import CachedReader
from imagewire_server.core.call import Call
from imagewire_server.core.generate import Engine
from imagewire_server.core.offload import run_for_call
from imagewire_server.core.router import Route, Router
from imagewire_server.core.store.store import Store, StoreDown
from imagewire_server.core.wishes import Wishes

FIELD = "cache_ttl"
_IMAGE, _STOP = pb.Modality.MODALITY_IMAGE, pb.FinishReason.FINISH_REASON_STOP


@dataclass(slots=True)
class Entry:
    """One request's place in the cache. ttl: how many seconds old an answer may be that is sent in place of a new one.

    wants_picture: whether an answer without a picture is not what was asked. router: by which the key was made. stores:
    whether later requests may find the answer. The rest is what `see` has seen.
    """

    key: bytes
    ttl: float
    wants_picture: bool
    router: Router | None = None
    stores: bool = True
    has_picture: bool = False
    reasons: set[int] = field(default_factory=set)
    whole: bool = False

    def see(self, events: list[StreamEvent]) -> None:
        """The next events of what is drawn now."""
        for event in events:
            if isinstance(event, Chunk):
                continue
            match event.WhichOneof("event"):
                case "part_finished":
                    part = event.part_finished
                    self.has_picture |= part.HasField("image") and not part.thought and not part.image.uri
                case "candidate_finished":
                    self.reasons.add(event.candidate_finished.finish_reason)
                case "finished":
                    self.whole = not event.finished.HasField("prompt_feedback")

    def key_for(self, call: Call, error: Exception | None, router: Router | None = None) -> bytes:
        """The key by which later requests find the answer; b"" if they must not: it is not what one would pay for.

        A fallback's answer is not sent again: the model itself may work by then. router: the one in use now. If it has
        been replaced since, the key may not be that of what was drawn.
        """
        if router is not self.router:
            return b""
        good = self.stores and error is None and self.whole and self.reasons == {_STOP} and not call.fallbacks
        return self.key if good and (self.has_picture or not self.wants_picture) else b""


class AnswerCache:
    """The cache of a server that keeps answers. ttl: of models whose configuration has none of their own, 0 for off."""

    def __init__(self, engine: Engine, store: Store, ttl: float) -> None:
        self._engine = engine
        self._store = store
        self._ttl = ttl

    async def entry(self, spec: pb.Spec, call: Call, wishes: Wishes) -> Entry | None:
        """The request's place, None where the cache is off for it. spec: a valid one, with all that it refers to.

        Raises InvalidRequest where the caller asks for what there is not, and NotFound.
        """
        router = self._engine.router
        asked = wishes.cache.ttl
        if asked is None and not self._ttl and not router.caches:
            return None
        if asked is not None and asked > self._store.ttl:
            kept_for = f"{self._store.ttl:.15g} s"
            words = f"is {asked:.15g} s, and this server keeps answers for {kept_for}: ask for at most that"
            raise InvalidRequest([Violation(FIELD, words)])
        routes = router.resolve(spec.model).routes
        ttl = asked if asked is not None else min(self._own_ttl(route) for route in routes)
        if asked is None and not ttl:
            return None
        try:
            ways = [await _way(route) for route in routes]
        except Error:
            return None  # the drawing says what is wrong with it, or finds another deployment
        try:
            key = await run_for_call(call, cache_key, spec, ways, wishes.cache.space, wishes.cache.number)
        except NoKey as error:
            if asked:
                raise InvalidRequest([Violation(FIELD, str(error))]) from None
            return None
        wants_picture = _wants_picture(spec, routes[0])
        return Entry(key, 0.0 if wishes.cache.fresh else ttl, wants_picture, router, wishes.cache.stores)

    async def find(
        self, entry: Entry, call: Call, deadline: float | None = None, *, whole: bool
    ) -> CachedReader | None:
        """A reader of an answer that there is, which has begun; None where one is to be drawn. whole: see `begin`.

        deadline: on the event loop's clock. Raises DeadlineExceeded.
        """
        if not entry.ttl:
            return None
        try:
            async with asyncio.timeout_at(deadline):
                return await self._find(entry, call, whole=whole)
        except TimeoutError as error:
            raise DeadlineExceeded.for_free() from error

    async def _find(self, entry: Entry, call: Call, *, whole: bool) -> CachedReader | None:
        caller = call.caller.id
        with contextlib.suppress(StoreDown):
            found = await self._store.cached(caller, entry.key, time.time() - entry.ttl)
            if found is not None:
                reader = CachedReader(self._store, found, entry.key)
                if await reader.begin(whole=whole):
                    call.answered_from_cache(found.completion_id)
                    return reader
        return None

    def _own_ttl(self, route: Route) -> float:
        own = route.upstream.deployment.cache_ttl
        return self._ttl if own is None else own


async def _way(route: Route) -> Way:
    target = await route.upstream.provider.target(route.native_id)
    return Way(f"{route.name}\n{target}", route.upstream.completed)


def check_off(wishes: Wishes) -> None:
    """Raise KeepOff where a request wants the cache of a server that keeps nothing."""
    if wishes.cache.ttl:
        words = "this server keeps no answers, so it has no answer cache: leave it out"
        raise KeepOff(f"{FIELD}: {words}", violations=[Violation(FIELD, words)])


def _wants_picture(spec: pb.Spec, route: Route) -> bool:
    modalities = spec.response_modalities
    if not modalities and route.upstream.completed is not None:
        modalities = route.upstream.completed(pb.Spec()).response_modalities
    return not modalities or _IMAGE in modalities
