"""The spellings of picture options, one table for every endpoint. The Python client has the same table.

Each becomes the contract's own spelling; "" asks for nothing, so that the model chooses. A spelling that is not here is
passed on as it is, and refused by the model's capabilities.
"""

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
MODALITIES = {"text": "text", "image": "image"}
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
