"""Places of parts, written as ids."""

import pytest

from imagewire_server.contract import part_places

PLACE = ("cmpl-" + "0123456789abcdef" * 2, 1, 23)


def test_what_is_written_is_read() -> None:
    assert part_places.read(part_places.written(PLACE)) == PLACE


@pytest.mark.parametrize("ident", ["", "img-1", "cmpl-1.0.0", f"{PLACE[0]}.0", f"{PLACE[0]}.0.1.2"])
def test_other_ids_are_no_places(ident: str) -> None:
    assert part_places.read(ident) is None
