"""An emulator of Google's generateContent API: strict about what it takes, real pictures in what it gives.

It imports nothing of the server and nothing of the client, so that it cannot inherit their mistakes.
"""

from imagewire_emulator.server import Emulator, in_thread, run, running

__all__ = ["Emulator", "in_thread", "run", "running"]
