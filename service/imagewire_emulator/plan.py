"""The plan of the answer to one request."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from imagewire_emulator.errors import ApiError

# The parts of a layout that are pictures.
PICTURES = ("image", "draft")


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer with fixed bytes."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json; charset=UTF-8"})


@dataclass(frozen=True, slots=True)
class Plan:
    """layout: of "text", "image", "draft", "thought" (text), "unicode" (text), "audio" and names of native parts.

    delay, pace: seconds until the first byte, and of the body. realistic: choose both by model and size.
    size: that of pictures, instead of the requested one. cut: the fault during the body: "reset", "cut", "cut-clean",
    "stuck"; cut_at: where, of 1. framing: unusual framing of a stream's events. content_type: that of a
    stream, instead of the usual one; "" for none. damage: unusual content of the body. usage: unusual usageMetadata.
    signed: whether native parts have signatures. early: finish reasons before the one of the last event.
    most_tokens: the limit of the answer's tokens, 0 for none; spent: whether thinking reached it. last_text: the last
    text, if it ends early.
    """

    layout: tuple[str, ...] = ("text", "image")
    delay: float = 0.0
    silent: bool = False
    pace: float = 0.0
    realistic: bool = False
    exact_bytes: int = 0
    size: str = ""
    cut: str = ""
    cut_at: float = 0.5
    framing: str = ""
    content_type: str | None = None
    damage: str = ""
    usage: str = ""
    signed: bool = False
    early: tuple[str, ...] = ()
    most_tokens: int = 0
    spent: bool = False
    last_text: str | None = None
    finish: str = "STOP"
    finish_message: str = ""
    block: str = ""
    raw: Raw | None = None
    error: ApiError | None = None
    headers: dict[str, str] = field(default_factory=dict)


# Arguments: the plan, and the numbers after the scenario's name.
Change = Callable[[Plan, list[int]], Plan]
Scenarios = dict[str, tuple[str, Change]]


def changed(**changes: object) -> Change:
    """A change without numbers."""
    return lambda plan, _: replace(plan, **changes)  # type: ignore[arg-type]


def number(given: list[int], at: int, default: int) -> int:
    """The number at an index, or the default."""
    return given[at] if len(given) > at else default
