"""An invented answer as a plan: what it holds, and each oddity by name, so that a failing one can be made smaller."""

import random
from dataclasses import dataclass, field
from typing import Any

# What an expectation does not demand.
ANY: Any = ...


@dataclass(frozen=True)
class PartPlan:
    """A part. kind: of parts.py, or "nothing". document: which it stands in."""

    ident: int
    kind: str
    size: int = 0
    quirks: tuple[str, ...] = ()
    candidate: int = 0
    document: int = 0


@dataclass(frozen=True)
class Plan:
    """An answer. quirks: of its documents. frame: oddities of the framing. damage: how it is cut or corrupted."""

    seed: str
    parts: tuple[PartPlan, ...]
    quirks: tuple[str, ...] = ()
    style: tuple[str, ...] = ()
    framing: str = "sse"
    frame: tuple[str, ...] = ()
    label: str | None = "text/event-stream"
    wire: tuple[str, ...] = ()
    pieces: str = "whole"
    damage: str = ""

    @property
    def candidates(self) -> list[int]:
        """The indexes of its candidates."""
        return sorted({part.candidate for part in self.parts} | {0})

    def rng(self, *names: object) -> random.Random:
        """Chance of its own for each element: what is taken away moves nothing else."""
        return random.Random("/".join([self.seed, *map(str, names)]))


@dataclass
class Expected:
    """A part that must arrive. ANY where nothing is demanded."""

    kind: str
    value: Any
    thought: Any = False
    signature: Any = b""
    mime: Any = ANY
    name: str = ""
    ident: str = ""
    # Fields beside the content, by name; `beside`: a text beside it, to be found anywhere near.
    fields: dict[str, Any] = field(default_factory=dict)
    beside: str = ""


@dataclass
class Truth:
    """What must arrive. outcome: "whole", "error", "either" of them, or "unaltered" where no more is asked.

    reason: of the error, where there is one.
    """

    outcome: str
    candidates: dict[int, list[Expected]] = field(default_factory=dict)
    finishes: dict[int, Any] = field(default_factory=dict)
    usage: dict[str, int] | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    candidate_fields: dict[int, dict[str, Any]] = field(default_factory=dict)
    blocked: str = ""
    reason: str = ""
