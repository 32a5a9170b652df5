"""Checks what a well-formed request may ask of a model, as the API does after checking the format.

docs/emulator.md has a table of these rules, each with its source; tests/emulator/rules.toml has a request for each.
"""

from imagewire_emulator.rules.check import check
from imagewire_emulator.rules.signatures import CONTINUATION, signature

__all__ = ["CONTINUATION", "check", "signature"]
