"""What callers have used of their limits: the interface, and counts of this process alone."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

MINUTE = 60.0
_LONGEST_WINDOW = 2 * MINUTE
_DAY = 86400
_MANY = 1000  # names, above which those that are not used any more are looked for
# How soon a place among the calls at once may be free.
_SOON = 1.0


class Reserved(NamedTuple):
    """Whether it was reserved, of which day (days since 1970, UTC), and the seconds until the next day begins.

    settling: where it was not, whether only what running calls have reserved is in its way.
    """

    ok: bool
    day: int
    until_next: float
    settling: bool = False


class Admitted(NamedTuple):
    """The seconds until a use may be, and the share of the limit that is used: with this use, if it was counted."""

    wait: float
    used: float


class Spent(NamedTuple):
    """What of today's budget is used, in billionths of a dollar: spent, and reserved by what runs.

    until_next: the seconds until the next day begins.
    """

    spent: int
    reserved: int
    until_next: float


class CountsDown(Exception):
    """What is left of a budget cannot be known now."""


class Counts(Protocol):
    """Counts by the name of a policy. ident: of one use, new for each. Methods that are not awaited never block or
    fail, and may be called again with the same effect. Those that are awaited count nothing where they raise.
    """

    async def enter(self, name: str, limit: int, ident: str) -> bool:
        """Whether a call may run beside the others; it then runs until `leave`."""
        ...

    def leave(self, name: str, ident: str) -> None:
        """A call that was let in has ended."""
        ...

    async def admit(
        self, name: str, kind: str, limit: int, ident: str, *, window: float = MINUTE, longest: float = 0.0
    ) -> Admitted:
        """Wait until there will have been fewer than `limit` uses of this kind within the last `window` seconds.

        If the seconds of that are no more than `longest`, this use is counted, as one of then.
        """
        ...

    def add(self, name: str, kind: str, ident: str) -> None:
        """Count a use that nobody asked for beforehand."""
        ...

    def give_back(self, name: str, kind: str, ident: str) -> None:
        """A use that was admitted did not happen."""
        ...

    def most(self, limit: int) -> int:
        """How much of a day's budget can ever be reserved here."""
        ...

    async def reserve(self, name: str, limit: int, nano_usd: int, ident: str) -> Reserved:
        """Reserve so much of today's budget, if so much is left. Raises CountsDown."""
        ...

    def settle(self, name: str, day: int, ident: str, nano_usd: int) -> None:
        """Replace what was reserved by what it was in the end."""
        ...

    async def spent(self, names: Sequence[str]) -> list[Spent]:
        """What these have used of today's budgets. It changes nothing. Raises CountsDown."""
        ...

    async def aclose(self) -> None:
        """Write what is not written yet, within a moment."""
        ...


@dataclass(slots=True)
class _Used:
    running: set[str] = field(default_factory=set)
    windows: dict[str, dict[str, float]] = field(default_factory=dict)
    day: int = 0
    spent: int = 0
    reserved: dict[str, int] = field(default_factory=dict)


class LocalCounts:
    """Counts of this process, which has one of so many equal shares of each limit. They end with the process.

    clock: monotonic seconds. today: seconds since 1970.
    """

    def __init__(
        self, shares: int = 1, *, clock: Callable[[], float] = time.monotonic, today: Callable[[], float] = time.time
    ) -> None:
        self._shares = shares
        self._clock = clock
        self._today = today
        self._used: dict[str, _Used] = {}
        self._looked_at = _MANY

    async def enter(self, name: str, limit: int, ident: str) -> bool:
        """See Counts."""
        running = self._of(name).running
        if len(running) >= limit // self._shares:
            return False
        running.add(ident)
        return True

    def leave(self, name: str, ident: str) -> None:
        """See Counts."""
        self._of(name).running.discard(ident)

    async def admit(
        self, name: str, kind: str, limit: int, ident: str, *, window: float = MINUTE, longest: float = 0.0
    ) -> Admitted:
        """See Counts."""
        uses, now, share = self._uses(name, kind, window), self._clock(), limit // self._shares
        wait = 0.0
        if len(uses) >= share:
            # As many as are too many must be older than the window.
            oldest = list(uses.values())[len(uses) - share] if share else now + longest
            wait = max(oldest + window - now, 0.001)
        if wait <= longest:
            uses[ident] = now + wait
        return Admitted(wait, len(uses) / share if share else 1.0)

    def add(self, name: str, kind: str, ident: str) -> None:
        """See Counts."""
        self._uses(name, kind)[ident] = self._clock()

    def give_back(self, name: str, kind: str, ident: str) -> None:
        """See Counts."""
        self._uses(name, kind).pop(ident, None)

    def most(self, limit: int) -> int:
        """See Counts."""
        return limit // self._shares

    async def reserve(self, name: str, limit: int, nano_usd: int, ident: str) -> Reserved:
        """See Counts."""
        used, now = self._of(name), self._today()
        day = int(now // _DAY)
        if day > used.day:  # a clock that is set back does not make the budget new
            used.day, used.spent, used.reserved = day, 0, {}
        until = (used.day + 1) * _DAY - now
        beyond = used.spent + nano_usd - self.most(limit)
        if beyond > 0:
            return Reserved(False, used.day, until, settling=beyond <= sum(used.reserved.values()))
        used.spent += nano_usd
        used.reserved[ident] = nano_usd
        return Reserved(True, used.day, until)

    def settle(self, name: str, day: int, ident: str, nano_usd: int) -> None:
        """See Counts."""
        used = self._of(name)
        reserved = used.reserved.pop(ident, None) if used.day == day else None
        if reserved is not None:
            used.spent += nano_usd - reserved

    async def spent(self, names: Sequence[str]) -> list[Spent]:
        """See Counts."""
        now = self._today()
        found = []
        for name in names:
            used = self._used.get(name) or _Used()
            day = max(used.day, int(now // _DAY))
            reserved = sum(used.reserved.values())
            spent = (used.spent - reserved, reserved) if used.day == day else (0, 0)
            found.append(Spent(*spent, (day + 1) * _DAY - now))
        return found

    async def aclose(self) -> None:
        """See Counts."""

    def running(self) -> list[tuple[str, str]]:
        """The calls that run, as (name, ident)."""
        return [(name, ident) for name, used in self._used.items() for ident in used.running]

    def note_running(self, name: str, ident: str) -> None:
        """A call runs that was let in elsewhere."""
        self._of(name).running.add(ident)

    def _of(self, name: str) -> _Used:
        if name not in self._used and len(self._used) >= self._looked_at:
            self._forget_unused()
        return self._used.setdefault(name, _Used())

    def _forget_unused(self) -> None:
        """Forget who counts for nothing any more; each subject of an issuer of tokens may have a name."""
        today = int(self._today() // _DAY)
        for name, used in list(self._used.items()):
            uses = [self._uses(name, kind) for kind in used.windows]
            if not used.running and not any(uses) and (used.day < today or not used.spent):
                del self._used[name]
        self._looked_at = max(_MANY, 2 * len(self._used))

    def _uses(self, name: str, kind: str, window: float = _LONGEST_WINDOW) -> dict[str, float]:
        """The uses of the last seconds, the oldest first."""
        uses, begin = self._of(name).windows.setdefault(kind, {}), self._clock() - window
        for ident in list(uses):
            if uses[ident] > begin:
                break
            del uses[ident]
        return uses
