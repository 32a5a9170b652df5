"""All that `/status` of the operator's port says, as JSON."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from imagewire_server import __version__
from imagewire_server.config.caller_policies import Policy
from imagewire_server.config.deployments import Deployment
from imagewire_server.core import instruments, metrics
from imagewire_server.core.access.counts import CountsDown
from imagewire_server.core.access.quotas import Budget, Quotas
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.overview import spending
from imagewire_server.core.overview.health import failures, health
from imagewire_server.core.overview.last_calls import EndedCall, LastCalls
from imagewire_server.core.overview.times import rfc3339
from imagewire_server.core.router import Router

_PROCESS, _WORKERS, _SERVERS = "this process", "all workers", "all servers"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where it is known. workers: how many processes the server has. shares_budgets: whether Redis counts them.

    router, policies: those that are served now. open_calls: how many calls are open, by API. address: of a deployment,
    without what is secret; it may read files.
    """

    router: Callable[[], Router]
    policies: Callable[[], Sequence[Policy]]
    quotas: Quotas
    admission: Admission
    open_calls: Callable[[], Mapping[str, int]]
    address: Callable[[Deployment], str]
    workers: int = 1
    shares_budgets: bool = False


class Overview:
    """clock: monotonic seconds. now: Unix time."""

    def __init__(
        self,
        last_calls: LastCalls,
        sources: Sources,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._last_calls = last_calls
        self._from = sources
        self._clock = clock
        self._now = now
        self._started = now()
        self._addresses: tuple[Router | None, dict[str, str]] = (None, {})

    async def read(self, *, ready: bool) -> bytes:
        """The JSON. ready: whether the server is not stopping."""
        router, calls, policies = self._from.router(), self._last_calls.read(), self._from.policies()
        rows = [health(upstream, self._clock()) for upstream in router.upstreams]
        server = self._server(ready=ready)
        budgets = await self._budgets(policies)
        # In a thread: it reads the memory of all workers, and there may be thousands of deployments.
        return await asyncio.to_thread(self._written, server, router, rows, policies, budgets, calls)

    def _server(self, *, ready: bool) -> dict[str, Any]:
        running, limit = self._from.admission.running, self._from.admission.limit
        return {
            "version": __version__,
            "now": rfc3339(self._now()),
            "started": rfc3339(self._started),
            "state": "ready" if ready else "stopping",
            "open_calls": dict(self._from.open_calls()),
            "drawing": running,
            "max_drawing": limit,
            "process": os.getpid(),
            "workers": self._from.workers,
        }

    async def _budgets(self, policies: Sequence[Policy]) -> dict[str, Budget]:
        """By the names of callers, as far as they are known."""
        asked = [one for one in policies if one.usd_per_day is not None and not spending.has_subjects(one)]
        try:
            found = await self._from.quotas.budgets(asked)
        except CountsDown:
            return {}
        return {policy.name: budget for policy, budget in zip(asked, found, strict=True)}

    def _written(
        self,
        server: dict[str, Any],
        router: Router,
        rows: list[dict[str, Any]],
        policies: Sequence[Policy],
        budgets: dict[str, Budget],
        calls: list[EndedCall],
    ) -> bytes:
        numbers = metrics.by_metric(metrics.everything())
        addresses, failed, attempts = self._known_addresses(router), failures(calls), spending.attempts(numbers)
        for row in rows:
            ident = row["id"]
            row |= {"address": addresses[ident], "attempts": attempts.get(ident, {})}
            row["recent_failures"] = failed.get(ident, [])
        server["drawing_everywhere"] = round(sum(numbers[instruments.RUNNING].values()))
        return msgspec.json.encode(
            {
                "server": server,
                "deployments": rows,
                "callers": spending.callers(policies, numbers, budgets),
                "other_callers": spending.others(numbers),
                "spend": spending.spend(router.upstreams, numbers, calls),
                "calls": [call.shown() for call in calls],
                "counted_by": {
                    "server": _PROCESS,
                    "deployments": _PROCESS,
                    "attempts": _WORKERS,
                    "callers": _WORKERS,
                    "budgets": _SERVERS if self._from.shares_budgets else _PROCESS,
                    "spend": _WORKERS,
                    "days": _PROCESS,
                    "calls": _PROCESS,
                },
            }
        )

    def _known_addresses(self, router: Router) -> dict[str, str]:
        """By the ids of deployments, as long as they are the same."""
        of, known = self._addresses
        if of is not router:
            known = {upstream.deployment.id: self._from.address(upstream.deployment) for upstream in router.upstreams}
            self._addresses = router, known
        return known
