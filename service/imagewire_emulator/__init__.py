"""An emulator of Google's generateContent API. It is strict about requests, and answers with real pictures.

It imports nothing from the server and the client, so that it cannot share their mistakes.
"""

from imagewire_emulator.server import Emulator, in_thread, run, running

__all__ = ["Emulator", "in_thread", "run", "running"]
