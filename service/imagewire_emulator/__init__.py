"""An emulator of Google's generateContent API. It is strict about requests, and answers with real pictures.

It imports nothing from the server and the client, so that it cannot share their mistakes.
"""

# As in typing, which takes longer to load than the command's Ctrl-C may be unheard.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imagewire_emulator.server import Emulator, in_thread, run, running

__all__ = ["Emulator", "in_thread", "run", "running"]


def __getattr__(name: str) -> "Any":
    """Load the server when it is asked for: before that, the command prepares for Ctrl-C."""
    import importlib  # noqa: PLC0415

    if name in __all__:
        return getattr(importlib.import_module("imagewire_emulator.server"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
