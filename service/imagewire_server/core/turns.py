"""When a deployment may be asked of which the configuration says how many requests a minute it takes."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from imagewire_server.contract.errors import Code, Cooling
from imagewire_server.core import metrics
from imagewire_server.core.access.counts import Counts, LocalCounts
from imagewire_server.core.router import Group, Route, Router

# Seconds in which no more are sent than the deployment takes in 60: some may be on their way for 2 s longer.
WINDOW = 62.0
# Seconds that a call waits for its turn, where nothing else can be asked; a longer wait is the caller's to decide on.
_LONGEST = 5.0
_BEGUN = "begun"


@dataclass(frozen=True, slots=True)
class Turn:
    """A route, which may be asked now, once."""

    route: Route
    ident: str = ""


class Turns:
    """Gives turns. counts: where they are counted; processes may share them. clock: seconds, that never go back."""

    def __init__(self, counts: Counts | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._counts: Counts = counts or LocalCounts()
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # by deployment: when it was asked about, and what was left

    def quota_left(self) -> float | None:
        """The share of its requests a minute that a deployment has left, where it is least; None where none is known.

        Of the deployments that were wanted within the last minute.
        """
        begin = self._clock() - WINDOW
        self._left = {ident: one for ident, one in self._left.items() if one[0] > begin}
        return min((left for _, left in self._left.values()), default=None)

    async def next(
        self, router: Router, group: Group, tried: frozenset[str], *, alone: bool, time_left: float | None
    ) -> Turn:
        """A route of the group that may be asked now, one that was not tried yet if there is one.

        alone: whether nothing stands in for the group: then it waits for a turn, for a moment and less than time_left,
        in seconds. Raises Cooling where there is none.
        """
        full: dict[str, tuple[float, Route]] = {}
        while True:
            route = router.choose(group, tried | full.keys(), alone=alone)
            if route.id in full:
                route = router.choose(group, frozenset(full), alone=alone)
            if route.id in full:
                break
            wait, turn = await self._take(router, route, 0.0)
            if not wait:
                return turn
            full[route.id] = wait, route
        wait, route = min(full.values(), key=lambda one: one[0])
        if alone:
            longest = _LONGEST if time_left is None else max(0.0, min(_LONGEST, time_left))
            wait, turn = await self._take(router, route, longest)
            if wait <= longest:
                metrics.count_wait(route.id, wait)
                await self._pass(wait, turn)
                return turn
        raise Cooling(
            f"{group.name} is asked as often as the server's file allows (rpm); retry in {wait:.1f} s",
            code=Code.RESOURCE_EXHAUSTED,
            retry_after=wait,
        )

    def give_back(self, turn: Turn) -> None:
        """Nothing was sent."""
        if turn.ident:
            self._counts.give_back(_name(turn.route), _BEGUN, turn.ident)

    async def _take(self, router: Router, route: Route, longest: float) -> tuple[float, Turn]:
        """The seconds until a turn; it is taken if they are no more than the longest."""
        rpm = route.upstream.deployment.rpm
        if rpm is None or not router.routing.enforces_rpm:
            return 0.0, Turn(route)
        ident = secrets.token_hex(8)
        admitted = await self._counts.admit(_name(route), _BEGUN, int(rpm), ident, window=WINDOW, longest=longest)
        self._left[route.id] = self._clock(), max(0.0, 1.0 - admitted.used)
        return admitted.wait, Turn(route, ident)

    async def _pass(self, seconds: float, turn: Turn) -> None:
        try:
            await asyncio.sleep(seconds)
        except BaseException:
            self.give_back(turn)
            raise


def _name(route: Route) -> str:
    """Under which a deployment is counted; no caller has such a name."""
    return f"deployment {route.id}"
