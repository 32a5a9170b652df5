"""The place of a part in an answer, written as an id. As a picture's image_id it names the part with all its fields."""

import re

_PLACE = re.compile(r"(cmpl-[0-9a-f]{32})\.([0-9]{1,9})\.([0-9]{1,9})")

Place = tuple[str, int, int]
"""An answer's completion_id, the index of a candidate, and that of its part."""


def written(place: Place) -> str:
    """The place as an id."""
    completion_id, candidate_index, part_index = place
    return f"{completion_id}.{candidate_index}.{part_index}"


def read(ident: str) -> Place | None:
    """The place that an id is, None where it is another one."""
    match = _PLACE.fullmatch(ident)
    return (match[1], int(match[2]), int(match[3])) if match else None
