"""The spellings of picture options. The server's REST API has the same table; a test compares them.

Each becomes the contract's own spelling; "" asks for nothing. A spelling that is not here is sent as it is, and the
server refuses it by name.
"""

import re

SIZES = {
    "auto": "",
    "512": "512",
    "512px": "512",
    "0.5k": "512",
    "1k": "1K",
    "2k": "2K",
    "4k": "4K",
}
_RATIO = re.compile(r"\s*(\d{1,2})\s*[:/xX]\s*(\d{1,2})\s*")


def ratio(given: str) -> str:
    """An aspect ratio: "16:9" for "16/9" and "16x9"."""
    if given.lower() == "auto":
        return ""
    match = _RATIO.fullmatch(given)
    return f"{match[1]}:{match[2]}" if match else given


def size(given: str) -> str:
    """A size: "2K" for "2k"."""
    return SIZES.get(given.lower(), given)
