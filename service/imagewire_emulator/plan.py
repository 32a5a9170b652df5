"""How one request is answered."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from imagewire_emulator.errors import ApiError

# The parts of a layout that are pictures.
PICTURES = ("image", "draft")


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer whose bytes are given."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json; charset=UTF-8"})


@dataclass(frozen=True, slots=True)
class Plan:
    """layout: of "text", "image", "draft", "thought" (text), "unicode" (text), "audio" and names of native parts.

    delay, pace: seconds. size: of pictures, in place of the request's. cut: what happens in the middle of the body:
    "reset", "truncated", "truncated-clean", "stuck". framing: what is odd around a stream's events. content_type: of a
    stream, in place of its own; "" for none. damage: what is odd in the body itself. usage: what is odd in
    usageMetadata. signed: whether native parts have signatures. early: finish reasons before the last event's.
    burst: how many requests fail first, 0 for all of them.
    """

    layout: tuple[str, ...] = ("text", "image")
    delay: float = 0.0
    silent: bool = False
    pace: float = 0.0
    exact_bytes: int = 0
    size: str = ""
    cut: str = ""
    framing: str = ""
    content_type: str | None = None
    damage: str = ""
    usage: str = ""
    signed: bool = False
    early: tuple[str, ...] = ()
    finish: str = "STOP"
    finish_message: str = ""
    block: str = ""
    raw: Raw | None = None
    error: ApiError | None = None
    burst: int = 0
    headers: dict[str, str] = field(default_factory=dict)


# Takes the plan and the numbers behind the scenario's name.
Change = Callable[[Plan, list[int]], Plan]
Scenarios = dict[str, tuple[str, Change]]


def changed(**changes: object) -> Change:
    """A change that takes no numbers."""
    return lambda plan, _: replace(plan, **changes)  # type: ignore[arg-type]


def number(given: list[int], at: int, default: int) -> int:
    """The number at a place, or the default."""
    return given[at] if len(given) > at else default
