"""Pictures in the terminal, by textual-image: kitty's protocol or sixel where it supports them, else half blocks.

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
# More pixels than a terminal shows in that many cells.
_PIXELS = (1600, 1600)


class Screen:
    """A terminal whose abilities are known."""

    def __init__(self) -> None:
        """Query the terminal. One that does not answer costs 0.2 s, 0.3 s when the size of its cells is unknown too."""
        # It logs a warning about silent terminals, which Python would print without a handler.
        logging.getLogger("textual_image").addHandler(logging.NullHandler())
        from PIL import Image
        from rich.console import Console
        from textual_image.renderable import HalfcellImage, TGPImage
        from textual_image.renderable import Image as Best

        self._kind = Best
        # kitty's protocol encodes a picture's number as a colour, which must not be rounded.
        self._console = Console(file=sys.stdout, color_system="truecolor" if Best is TGPImage else "auto")
        # The first picture queries the size of the cells: do it now, before the user types.
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
    # The terminal's answer makes no sense, or the user typed into it.
    with suppress(ValueError):
        return Screen()
    return None


def _able() -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("TERM", "dumb") == "dumb" or "utf" not in sys.stdout.encoding.lower():
        return False
    # A background job that queries the terminal would be stopped.
    return sys.platform == "win32" or os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
