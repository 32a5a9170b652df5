"""All scenarios, selected by the model's name: "emulator-NAME", or "MODEL--NAME" to use another model's properties.

Numbers after the name are parameters: "emulator-slow-500" waits 500 ms, "emulator-drip-2000-8000000" sends a picture of
8 000 000 bytes over 2 s, "emulator-size-20MB" sends exactly that many bytes.
"""

import re

from imagewire_emulator.accidents import ACCIDENTS
from imagewire_emulator.errors import ApiError
from imagewire_emulator.models import BY_ID, DEFAULT, Model
from imagewire_emulator.oddities import ODDITIES
from imagewire_emulator.plan import Plan, Scenarios

SCENARIOS: Scenarios = ACCIDENTS | ODDITIES

_TUNED = re.compile(r"(.+?)((?:-\d+(?:MB|KB)?)*)")
_UNITS = {"MB": 1_000_000, "KB": 1_000, "": 1}


def find(model_id: str) -> tuple[Model, str, Plan]:
    """The model, the scenario's name ("" for none) and the plan for a model's name. Raises ApiError."""
    base, dashes, name = model_id.partition("--")
    if not dashes and model_id.startswith("emulator-"):
        base, name = DEFAULT.id, model_id.removeprefix("emulator-")
    if base in BY_ID and not name:
        return BY_ID[base], "", Plan()
    if base in BY_ID and name in SCENARIOS:
        return BY_ID[base], name, SCENARIOS[name][1](Plan(), [])
    match = _TUNED.fullmatch(name)
    if base in BY_ID and match and match[1] in SCENARIOS:
        numbers = [int(n) * _UNITS[unit] for n, unit in re.findall(r"-(\d+)(MB|KB|)", match[2])]
        return BY_ID[base], match[1], SCENARIOS[match[1]][1](Plan(), numbers)
    raise ApiError(
        "NOT_FOUND",
        f"models/{model_id} is not found for API version v1beta, or is not supported for generateContent."
        " Call ListModels to see the list of available models and their supported methods.",
    )
