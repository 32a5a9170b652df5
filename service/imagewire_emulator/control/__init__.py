"""The control API under /_emulator, and the page at /."""

from imagewire_emulator.control.api import routes
from imagewire_emulator.control.gallery import Gallery
from imagewire_emulator.control.steering import Steering

__all__ = ["Gallery", "Steering", "routes"]
