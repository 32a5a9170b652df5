"""The last calls that ended: of each what its line in the log says, and so no prompt, no answer and no key."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from imagewire_server.core.call import Call
from imagewire_server.core.interceptors import OnEnd
from imagewire_server.core.overview.times import rfc3339

MOST = 100
# Characters of a model's name, which may be the caller's text.
_LONGEST = 256
_NO_FAILURES = frozenset({"OK", "ABANDONED"})
_UPSTREAM = "UPSTREAM_"


class EndedCall(NamedTuple):
    """A call as it was at its end. time: of its end, in Unix time. The others are Call's, by the same names."""

    time: float
    request_id: str
    caller: str
    method: str
    model: str
    deployment: str
    status: str | int
    code: str
    seconds: float
    first_image_byte: float | None
    tried: tuple[tuple[str, str], ...]
    pictures: int
    image_bytes: int
    tokens: int
    charged: str
    cost_nano_usd: int | None

    @property
    def cost_usd(self) -> float | None:
        """The cost in US dollars, None where it is not known."""
        return None if self.cost_nano_usd is None else self.cost_nano_usd / 10**9

    def failures(self) -> list[tuple[str, str]]:
        """The upstream calls that failed, as (deployment, reason)."""
        found = [(deployment, reason) for deployment, reason in self.tried if reason not in _NO_FAILURES]
        if self.tried and self.tried[-1][1] == "OK" and self.code.startswith(_UPSTREAM):
            found.append((self.deployment, self.code))  # the answer had begun
        return found

    def shown(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "time": rfc3339(self.time),
            "request_id": self.request_id,
            "caller": self.caller,
            "method": self.method,
            "model": self.model,
            "deployment": self.deployment,
            "status": str(self.status),
            "reason": self.code,
            "seconds": round(self.seconds, 4),
            "first_image_byte_seconds": None if self.first_image_byte is None else round(self.first_image_byte, 4),
            "attempts": [{"deployment": deployment, "reason": reason} for deployment, reason in self.tried],
            "pictures": self.pictures,
            "image_bytes": self.image_bytes,
            "tokens": self.tokens,
            "charged": self.charged,
            "usd": self.cost_usd,
        }


class LastCalls:
    """An interceptor, before all others, so that it sees refused calls too. most: how many it remembers.

    now: Unix time.
    """

    def __init__(self, most: int = MOST, now: Callable[[], float] = time.time) -> None:
        self._ended: deque[EndedCall] = deque(maxlen=most)
        self._now = now

    async def intercept(self, call: Call) -> OnEnd | None:
        """Note how a call ends, but for housekeeping."""
        if call.quiet:
            return None

        def ended() -> None:
            self._ended.append(_ended(call, self._now()))

        return ended

    def read(self) -> list[EndedCall]:
        """The newest first."""
        return list(reversed(self._ended))


def _ended(call: Call, now: float) -> EndedCall:
    return EndedCall(
        now,
        call.request_id,
        call.caller.id,
        call.method,
        call.model[:_LONGEST],
        call.deployment,
        call.status,
        call.code,
        call.seconds,
        call.first_image_byte,
        tuple(call.tried),
        call.pictures,
        call.image_bytes,
        call.tokens,
        "maybe" if call.is_asking and call.charged == "no" else call.charged,
        call.cost_nano_usd,
    )
