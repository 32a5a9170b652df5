"""Who calls, and what a call needs a key for."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Caller:
    """id: who it is, by the key that was shown. It is safe to log, and is never the key itself."""

    id: str


ANONYMOUS = Caller("anonymous")  # the call needs no key, or the server asks for none
MASTER_KEY = Caller("master key")
METRICS_KEY = Caller("metrics key")


class Permission(Enum):
    """What a call needs: nothing (health checks, documentation), a key that draws, or one that reads the metrics."""

    NONE = "none"
    DRAW = "draw"
    METRICS = "metrics"
