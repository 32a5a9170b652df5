"""All scenarios: how an answer can differ from an ordinary one."""

from imagewire_emulator.accidents import ACCIDENTS, CUTS
from imagewire_emulator.oddities import ODDITIES
from imagewire_emulator.plan import Scenarios

SCENARIOS: Scenarios = ACCIDENTS | ODDITIES

# What a number counts → the least, the most, and the factor of each unit.
UNITS: dict[str, tuple[int, int, dict[str, int]]] = {
    "time": (0, 1_000_000_000, {"": 1, "ms": 1, "s": 1_000}),
    "bytes": (1, 1_000_000_000, {"": 1, "KB": 1_000, "MB": 1_000_000}),
    "seconds": (0, 1_000_000_000, {"": 1, "s": 1}),
    "percent": (0, 100, {"": 1}),
    "times": (1, 1_000_000_000, {"": 1}),
}
# The numbers that a scenario takes. Others take none.
NUMBERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(CUTS, ("percent",)),
    **dict.fromkeys((name for name in SCENARIOS if name.endswith("-burst")), ("times",)),
    "latency": ("time",),
    "drip": ("time", "bytes"),
    "size": ("bytes",),
    "429": ("seconds",),
    "429-date": ("seconds",),
}
