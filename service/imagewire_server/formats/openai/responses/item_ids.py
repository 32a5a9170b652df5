"""Ids of pictures' items. They tell where a picture is in its answer: a client may send back the id alone."""

import re

from imagewire_server.formats.openai.common.encoder import Key

WITHHELD = "withheld"
"""The end of an id whose picture did not come."""

_PICTURE = re.compile(r"ig_([0-9a-f]{32})_([0-9]{1,9})_([0-9]{1,9})")
_WITHHELD = re.compile(rf"ig_[0-9a-f]{{32}}_{WITHHELD}")


def picture_end(key: Key) -> str:
    """The end of the id of a picture at a place in its answer."""
    return "_".join(map(str, key))


def place_of(item_id: str) -> tuple[str, int, int] | None:
    """The answer, candidate and part of a picture; None for another id."""
    match = _PICTURE.fullmatch(item_id)
    return (f"cmpl-{match[1]}", int(match[2]), int(match[3])) if match else None


def is_withheld(item_id: str) -> bool:
    """Whether the item has no picture."""
    return _WITHHELD.fullmatch(item_id) is not None
