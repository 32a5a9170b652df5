"""All scenarios: how an answer can differ from an ordinary one."""

from imagewire_emulator.accidents import ACCIDENTS
from imagewire_emulator.oddities import ODDITIES
from imagewire_emulator.plan import Scenarios

SCENARIOS: Scenarios = ACCIDENTS | ODDITIES
