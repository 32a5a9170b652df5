"""Getting an answer to begin: the named group first, then its fallbacks; each with its repeats.

After the first event there is neither a repeat nor a fallback. Before it, only errors that cost nothing lead on.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeGuard

from imagewire_server.config.fallbacks import Fallbacks
from imagewire_server.contract import lost_signatures, pb
from imagewire_server.contract.errors import Cooling, Error, Internal, InvalidRequest, Violation
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.contract.provider import Relaying, Report
from imagewire_server.core import metrics
from imagewire_server.core.accounting import Account
from imagewire_server.core.call import Call
from imagewire_server.core.offload import run_for_call
from imagewire_server.core.relay import Attempt, Relay
from imagewire_server.core.retry import Retries, RetryContext
from imagewire_server.core.router import Group, Route, Router
from imagewire_server.core.turns import Turns

_UNSIGNED = (
    "has lost the signature that this model requires: send the answer's message back unchanged, with its"
    " thought_signature (REST: provider_specific_fields), or send the picture in a user message"
)
_EARLIER_UNSIGNED = (
    "goes on from an answer without the signatures that this model requires: go on with the model that made it, or send"
    " its picture in a user message"
)
_NOT_RELAYED = "is served by a provider that has another API of its own: ask by OpenAI's API, or over gRPC"
_MOST_NAMED = 64  # parts of earlier answers


@dataclass(frozen=True, slots=True)
class StartedAnswer:
    """An answer that has begun: its route, its first events, and a generator of the remainder, which must be closed.

    relayed: its own bytes, where they are wanted.
    """

    route: Route
    first: list[StreamEvent]
    remainder: AsyncGenerator[list[StreamEvent], None]
    relayed: Attempt | None = None


class Failover:
    """Starts the answer of one call. account: counts each upstream call. deadline: on the event loop's clock.

    fallbacks: the caller's own, instead of the configured ones. refuses_unsigned: whether earlier answers without the
    signatures that a model requires are refused; else the provider sends a placeholder. turns: of deployments whose rpm
    is a limit. relay: of a request in the provider's own format, which goes out instead of the spec.
    """

    def __init__(
        self,
        router: Router,
        account: Account,
        *,
        stream: bool,
        deadline: float | None,
        fallbacks: Sequence[str] | None = None,
        refuses_unsigned: bool = False,
        turns: Turns | None = None,
        relay: Relay | None = None,
    ) -> None:
        self._router = router
        self._relay = relay
        self._turns = turns or Turns()
        self._refuses_unsigned = refuses_unsigned
        self._account = account
        self._stream = stream
        self._deadline = deadline
        self._fallbacks = fallbacks

    async def start(self, spec: pb.Spec, call: Call) -> StartedAnswer:
        """The answer, as soon as it begins. Raises the first group's error when no fallback answered.

        An error that may have cost something, or that is the caller's, is raised at once, whoever met it.
        """
        routing = self._router.routing
        chosen = routing.fallbacks if self._fallbacks is None else (("*", tuple(self._fallbacks)),)
        fallbacks = following(chosen, spec.model)
        names, error, blocked = [spec.model], None, None
        while names:
            name = names.pop(0)
            alone = not (names if error or blocked else fallbacks)
            try:
                started = await self._start_group(self._router.resolve(name), spec, call, alone=alone)
            except InvalidRequest:
                if error is None and blocked is None:
                    raise
                continue  # a fallback that cannot take the request is none
            except Error as failed:
                if not _leads_on(failed):
                    if blocked is None:
                        raise
                    break
                if error is None and blocked is None:
                    error = failed
                    names = fallbacks
                continue
            first = started.first[0]
            if not _is_blocked(first):
                return started
            # Nothing follows a blocked prompt; run to the end, so that nothing is left open while others are asked.
            async for _ in started.remainder:
                pass
            self._account.note(first, "finished")
            if blocked is None:
                blocked = started
                names = following(routing.content_policy_fallbacks, spec.model)
        if blocked is not None:
            return blocked
        raise error or Internal("no attempt was made")

    async def _start_group(self, group: Group, spec: pb.Spec, call: Call, *, alone: bool) -> StartedAnswer:
        if group.name != spec.model:
            call.fallbacks.append(group.name)
        tried: set[str] = set()
        route: Route | None = None

        def time_left() -> float | None:
            return None if self._deadline is None else self._deadline - asyncio.get_running_loop().time()

        def context() -> RetryContext:
            if route is None:
                raise Internal("a repeat without an attempt")
            return RetryContext(
                other=self._router.has_other(group, frozenset(tried)),
                same=self._router.is_available(group),
                budget=route.circuit.retry_budget,
                time_left=time_left(),
            )

        async def once() -> StartedAnswer:
            nonlocal route
            turn = await self._turns.next(self._router, group, frozenset(tried), alone=alone, time_left=time_left())
            route = turn.route
            if route.id not in tried:
                route.circuit.retry_budget.earn()
            tried.add(route.id)
            try:
                return await self._start_route(route, spec, call)
            except InvalidRequest:
                self._turns.give_back(turn)
                raise

        return await Retries(self._router.routing.num_retries, context).run(once)

    async def _start_route(self, route: Route, spec: pb.Spec, call: Call) -> StartedAnswer:
        call.model, call.deployment = route.name, route.id
        call.unsigned = []
        if route.capabilities.unsigned_signature and len(spec.messages) > 1:
            await run_for_call(call, self._note_unsigned, spec, call)
        if call.tried:
            metrics.count_retry(route.id)
        call.tried.append((route.id, "ABANDONED"))
        if route.upstream.completed is not None and self._relay is None:
            # A copy: another deployment, and another drawing of the same request, may have other defaults.
            spec = await run_for_call(call, route.upstream.completed, spec, call.cleared)
        report, relayed = self._account.begin(route, spec), None
        if self._relay is not None:
            report.relayed = relayed = self._relay.attempt()
            report.draws = self._relay.request.draws
        events = self._observed(route, spec, report)
        try:
            first = await anext(events)
        except Error as error:
            self._account.end(error)
            call.tried[-1] = (route.id, error.reason)
            if isinstance(error, InvalidRequest):
                call.tried.pop()  # nothing was sent
            raise
        except StopAsyncIteration:
            raise Internal("a provider's answer had no event") from None
        call.tried[-1] = (route.id, "OK")
        return StartedAnswer(route, first, events, relayed)

    def _note_unsigned(self, spec: pb.Spec, call: Call) -> None:
        """Note what has lost its signatures. Raises InvalidRequest where that is refused."""
        found: dict[str, str] = {}
        for i, path in lost_signatures.paths(spec):
            own = i - call.earlier_messages
            field = f"spec.messages[{own}].{path}" if own >= 0 else "spec.previous_completion_id"
            found[field] = _UNSIGNED if own >= 0 else _EARLIER_UNSIGNED
            if len(found) == _MOST_NAMED:
                break
        if found and self._refuses_unsigned:
            raise InvalidRequest([Violation(field, words) for field, words in found.items()])
        call.unsigned = [call.name_of(field) for field in found]

    async def _observed(self, route: Route, spec: pb.Spec, report: Report) -> AsyncGenerator[list[StreamEvent], None]:
        """The provider's events; how the call ends is noted in the route's circuit."""
        circuit = route.circuit
        slot = self._router.began(route)
        begun = time.monotonic()
        provider = route.upstream.provider
        try:
            if self._relay is None:
                answer = provider.generate(spec, route.native_id, stream=self._stream, report=report)
            elif isinstance(provider, Relaying):
                answer = provider.relay(self._relay.request, route.native_id, report=report)
            else:
                raise InvalidRequest([Violation("model", _NOT_RELAYED)])
            async with aclosing(answer):
                first = True
                async for events in answer:
                    if first:
                        circuit.answered(time.monotonic() - begun)
                        first = False
                    yield events
            circuit.succeeded(slot)
        except Error as error:
            self._router.failed(route, slot, error)
            raise
        finally:
            circuit.ended(slot)


def _leads_on(error: Error) -> bool:
    """Whether a fallback may be asked after this: the deployment is at fault, and nothing was charged."""
    return (error.deployment_fault or isinstance(error, Cooling)) and not error.charged


def _is_blocked(event: StreamEvent) -> TypeGuard[pb.Event]:
    if isinstance(event, Chunk):
        return False
    return event.WhichOneof("event") == "finished" and event.finished.HasField("prompt_feedback")


def following(fallbacks: Fallbacks, name: str) -> list[str]:
    """The names that stand in for one."""
    table = dict(fallbacks)
    return [fallback for fallback in table.get(name, table.get("*", ())) if fallback != name]
