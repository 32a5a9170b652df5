"""What is learned of one call on its way, for the log line and the trailers. It never holds a prompt or a key."""

import re
from dataclasses import dataclass, field
from typing import Any

# How providers name their reasons. What is none may hold what must not be logged.
_REASON = re.compile(r"[A-Z0-9_]{0,64}", re.ASCII)


@dataclass(slots=True)
class Call:
    """model, deployment: what answered. tried: each upstream call as (deployment, reason), "OK" for what answered.

    fallbacks: names that were asked in place of the first. image_bytes: of pictures handed on. Times in seconds.
    large: whether its request takes long to work on. charged: "no", "maybe" or "yes". cost_nano_usd: of all upstream
    calls, None where it cannot be told.
    """

    model: str = ""
    deployment: str = ""
    completion_id: str = ""
    tried: list[tuple[str, str]] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)
    events: int = 0
    image_bytes: int = 0
    first_image_byte: float | None = None
    finish_reason: str = ""
    large: bool = False
    charged: str = "no"
    cost_nano_usd: int | None = None
    _is_cost_known: bool = True

    @property
    def cost_usd(self) -> float | None:
        """The cost in US dollars."""
        return None if self.cost_nano_usd is None else self.cost_nano_usd / 10**9

    def charge(self, charged: str, cost_nano_usd: int | None) -> None:
        """Add an upstream call. charged: "yes" or "maybe". cost_nano_usd: None where it cannot be told."""
        if self.charged != "yes":
            self.charged = charged
        if cost_nano_usd is None or not self._is_cost_known:
            self._is_cost_known, self.cost_nano_usd = False, None
        else:
            self.cost_nano_usd = (self.cost_nano_usd or 0) + cost_nano_usd

    def trailers(self) -> tuple[tuple[str, str], ...]:
        """The x-imagewire- trailers; empty for a call that asked no upstream."""
        if not self.tried:
            return ()
        found = [
            ("x-imagewire-model", self.model),
            ("x-imagewire-deployment", self.deployment),
            ("x-imagewire-attempts", str(len(self.tried))),
            ("x-imagewire-tried", ",".join(f"{deployment}={reason}" for deployment, reason in self.tried)),
        ]
        if self.fallbacks:
            found.append(("x-imagewire-fallbacks", ",".join(self.fallbacks)))
        return tuple((name, value.encode("ascii", "replace").decode()) for name, value in found)

    def fields(self) -> dict[str, Any]:
        """What the call's log line says of it."""
        return {
            "model": self.model,
            "completion_id": self.completion_id,
            "deployment": self.deployment,
            "tried": [f"{deployment}={reason}" for deployment, reason in self.tried],
            "fallbacks": self.fallbacks,
            "events": self.events,
            "image_bytes": self.image_bytes,
            "first_image_byte": None if self.first_image_byte is None else round(self.first_image_byte, 4),
            "finish_reason": self.finish_reason if _REASON.fullmatch(self.finish_reason) else "(no name)",
            "charged": self.charged,
            "cost_usd": self.cost_usd,
        }
