"""Ids of pictures' items."""

import pytest

from imagewire_server.formats.openai.responses import item_ids

IDENT = "0123456789abcdef" * 2


def test_an_id_tells_where_its_picture_is() -> None:
    assert item_ids.place_of(f"ig_{IDENT}_{item_ids.picture_end((1, 23))}") == (f"cmpl-{IDENT}", 1, 23)


@pytest.mark.parametrize("ident", ["", "ig_1", f"ig_{IDENT}_0", f"msg_{IDENT}_0_1", f"ig_{IDENT}_0_x"])
def test_other_ids_tell_nothing(ident: str) -> None:
    assert item_ids.place_of(ident) is None


def test_an_id_tells_that_no_picture_came() -> None:
    assert item_ids.is_withheld(f"ig_{IDENT}_{item_ids.WITHHELD}")
    assert not item_ids.is_withheld(f"ig_{IDENT}_0_0")
