"""The spellings of picture options. The server's REST API has the same table; a test compares them.

Each becomes the contract's own spelling; "" asks for nothing. A spelling that is not here is sent as it is, and the
server refuses it by name.
"""

import math
import re

RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
SIDES = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}
SIZES = {
    "auto": "",
    "512": "512",
    "512px": "512",
    "0.5k": "512",
    "1k": "1K",
    "2k": "2K",
    "4k": "4K",
}
# OpenAI's qualities, with the size that stands for each; "" for the model's own.
QUALITIES = {"auto": "", "standard": "", "medium": "", "low": "512", "high": "2K", "hd": "2K"}
USUAL = "1K"  # what models draw that are not asked for a size
# The maximum factor between the requested and the nearest aspect ratio.
_MOST_OFF = math.log(1.2)
_RATIO = re.compile(r"\s*(\d{1,2})\s*[:/xX]\s*(\d{1,2})\s*")
_PIXELS = re.compile(r"([1-9]\d{1,4})[xX*]([1-9]\d{1,4})")


def ratio(given: str) -> str:
    """An aspect ratio: "16:9" for "16/9" and "16x9"."""
    if given.lower() == "auto":
        return ""
    match = _RATIO.fullmatch(given)
    return f"{match[1]}:{match[2]}" if match else given


def size(given: str) -> str:
    """A size: "2K" for "2k"."""
    return SIZES.get(given.lower(), given)


def pixels(given: str) -> tuple[int, int] | None:
    """WIDTHxHEIGHT as numbers, None if it is something else."""
    match = _PIXELS.fullmatch(given)
    return (int(match[1]), int(match[2])) if match else None


def nearest(width: int, height: int) -> tuple[str, str]:
    """The aspect ratio and the size that are nearest to pixels; the size is "" for the usual one.

    Raises ValueError, with the remedy, if no ratio is near.
    """
    shape = math.log(width / height)
    off = {name: abs(shape - math.log(int(name.split(":")[0]) / int(name.split(":")[1]))) for name in RATIOS}
    found = min(off, key=off.__getitem__)
    if off[found] > _MOST_OFF:
        raise ValueError(f"is far from every aspect ratio; use one of {', '.join(RATIOS)}")
    side = math.sqrt(width * height)
    drawn = min(SIDES, key=lambda name: abs(math.log(side / SIDES[name])))
    return found, "" if drawn == USUAL else drawn
