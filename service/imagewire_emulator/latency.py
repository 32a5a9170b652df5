"""Times like those of Google's models, for `latency=realistic`: seconds until the first byte, by model and size.

They are orders of magnitude, not measurements. Each prompt has its own, so that a test sees the same one again.
"""

import random
from typing import Any

from imagewire_emulator.answer import prompt_of
from imagewire_emulator.models import Model
from imagewire_emulator.plan import Plan

# For a picture of 1K.
_SECONDS = {"gemini-2.5-flash-image": 7.0, "gemini-3.1-flash-lite-image": 5.0, "gemini-3.1-flash-image": 11.0}
_DEFAULT = 22.0
_BY_SIZE = {"512": 0.7, "1K": 1.0, "2K": 1.3, "4K": 1.9}
_SPREAD = (0.75, 1.4)
_BYTES_PER_SECOND = 12_000_000


def first_byte(plan: Plan, model: Model, wanted: dict[str, Any]) -> float:
    """Seconds until the first byte."""
    if not plan.realistic:
        return plan.delay
    size = plan.size or wanted.get("generationConfig", {}).get("imageConfig", {}).get("imageSize", "1K")
    spread = random.Random(prompt_of(wanted)).uniform(*_SPREAD)  # noqa: S311  # a time, not a secret
    return _SECONDS.get(model.id, _DEFAULT) * _BY_SIZE.get(size, 1.0) * spread


def body(size: int) -> float:
    """Seconds that a body of so many bytes takes."""
    return size / _BYTES_PER_SECOND
