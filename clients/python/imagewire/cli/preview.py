"""Pictures in the terminal: kitty's protocol or sixel where it knows them, else half blocks; textual-image does it.

Only where both stdin and stdout are a terminal, for it is asked what it knows and answers on stdin. Never with
NO_COLOR: half blocks are nothing but colour.
"""

import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from imagewire.cli.output import onto_stdout

if TYPE_CHECKING:
    from rich.console import RenderableType

_COLUMNS, _ROWS = 80, 24
# More pixels than a terminal shows in that room.
_PIXELS = (1600, 1600)


class Screen:
    """A terminal that was asked what it knows."""

    def __init__(self) -> None:
        """Ask. A terminal that is silent costs 0.2 s, 0.3 s when it does not know its cells' size either."""
        # It warns of silent terminals, and where nobody listens to the log Python prints that.
        logging.getLogger("textual_image").addHandler(logging.NullHandler())
        from PIL import Image
        from rich.console import Console
        from textual_image.renderable import HalfcellImage, TGPImage
        from textual_image.renderable import Image as Best

        self._kind = Best
        # kitty's protocol writes a picture's number as a colour, which must not be rounded.
        self._console = Console(file=sys.stdout, color_system="truecolor" if Best is TGPImage else "auto")
        # The size of its cells is asked with the first picture: now, before anybody types.
        self._console.measure(HalfcellImage(Image.new("RGB", (1, 1))))

    def show(self, picture: Path) -> None:
        """Draw a file's picture, smaller than the screen. One that cannot be read is left out."""
        from PIL import Image

        with suppress(OSError, ValueError, SyntaxError, Image.DecompressionBombError), Image.open(picture) as file:
            file.thumbnail(_PIXELS)
            self._print(self._kind(file.convert("RGB"), width="auto", height="auto"))

    def _print(self, picture: "RenderableType") -> None:
        room = self._console.size
        with onto_stdout():
            self._console.print(picture, width=min(_COLUMNS, room.width), height=max(1, min(_ROWS, room.height - 4)))


def screen(*, wanted: bool) -> Screen | None:
    """The terminal, where pictures are wanted and can be shown."""
    if not wanted or not _able():
        return None
    # An answer that makes no sense, or a key typed into it.
    with suppress(ValueError):
        return Screen()
    return None


def _able() -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("TERM", "dumb") == "dumb" or "utf" not in sys.stdout.encoding.lower():
        return False
    # A job in the background is stopped when it asks.
    return sys.platform == "win32" or os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
