"""What a test suite sets for its later calls: directives and a quota."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Annotated

import msgspec

from imagewire_emulator.accidents import minute_exhausted, quota_exhausted
from imagewire_emulator.directives import Counts, Directive, parse
from imagewire_emulator.plan import Plan

MINUTE = 60.0  # seconds
Natural = Annotated[int, msgspec.Meta(ge=0)]


class Directives(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Directives for all later calls, in the grammar of the header x-emulate; "" for none."""

    directives: str


class Quota(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many more requests are accepted, and pictures drawn, before calls get 429, and how many requests are accepted
    within any 60 seconds. null for no limit.
    """

    requests: Natural | None = None
    pictures: Natural | None = None
    requests_per_minute: Natural | None = None


class Steering:
    """The directives, how often each was asked for, and the quota. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._recent: deque[float] = deque()
        self.quota = Quota()
        self._first = Quota()
        self._directives = Directives("")
        self._standing: list[Directive] = []
        self._counts = Counts()

    @property
    def directives(self) -> Directives:
        """The directives for all calls."""
        return self._directives

    def direct(self, given: Directives) -> None:
        """Set the directives for all calls, which are counted from now. Raises ApiError."""
        self._standing = parse(given.directives)
        self._directives = given
        self._counts.clear()

    def limit(self, quota: Quota) -> None:
        """Set the quota, counted from now."""
        self.quota = self._first = quota
        self._recent.clear()

    def clear(self) -> None:
        """Forget all."""
        self.limit(Quota())
        self.direct(Directives(""))

    def restart(self) -> None:
        """Count directives from now."""
        self._counts.clear()

    def plan(self, asked: Iterable[Directive], path: str) -> Plan:
        """The plan of a valid request that asks for these directives. Raises ApiError if the quota is used up."""
        self.pay()
        return self.faults(asked, path)

    def pay(self) -> None:
        """Count a request. Raises ApiError if the quota is used up."""
        left = self.quota
        for name, first in (("requests", self._first.requests), ("pictures", self._first.pictures)):
            if getattr(left, name) == 0:
                raise quota_exhausted(name, first or 0)
        if left.requests_per_minute is not None:
            self._pay_of_minute(left.requests_per_minute)
        if left.requests is not None:
            self.quota = msgspec.structs.replace(left, requests=left.requests - 1)

    def _pay_of_minute(self, limit: int) -> None:
        now = self._clock()
        while self._recent and self._recent[0] <= now - MINUTE:
            self._recent.popleft()
        if len(self._recent) >= limit:
            wait = self._recent[0] + MINUTE - now if self._recent else MINUTE
            raise minute_exhausted(limit, math.ceil(wait))
        self._recent.append(now)

    def faults(self, asked: Iterable[Directive], path: str) -> Plan:
        """The plan of a request that costs no quota."""
        plan = self._counts.applied(Plan(), self._standing, "")  # counted over all paths
        return self.added(plan, asked, path)

    def added(self, plan: Plan, asked: Iterable[Directive], path: str) -> Plan:
        """The plan with more directives."""
        return self._counts.applied(plan, asked, path)

    def reserve(self, pictures: int) -> None:
        """Count pictures before they are drawn, as calls may run at once. Raises ApiError if there are too few."""
        if self.quota.pictures is not None:
            if self.quota.pictures < pictures:
                raise quota_exhausted("pictures", self._first.pictures or 0)
            self.quota = msgspec.structs.replace(self.quota, pictures=self.quota.pictures - pictures)
