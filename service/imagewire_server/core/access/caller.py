"""Who calls, and what a call needs a key for."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Caller:
    """id: who it is, by the key or the client certificate that was shown. Safe to log, and never the key itself.

    ambient: whether a browser shows by itself all that this caller has shown, so that the page of another site could
    have sent the call.
    """

    id: str
    ambient: bool = False


ANONYMOUS = Caller("anonymous", ambient=True)  # the call needs no key, or the server asks for none
MASTER_KEY = Caller("master key")
METRICS_KEY = Caller("metrics key")


class Permission(Enum):
    """What a call needs: nothing (health checks, documentation), a key that draws, or one that reads the metrics."""

    NONE = "none"
    DRAW = "draw"
    METRICS = "metrics"
