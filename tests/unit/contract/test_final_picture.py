"""Which picture is the final one."""

import pytest

from imagewire_server.contract.final_picture import FinalPicture


@pytest.mark.parametrize(
    ("pictures", "final"),
    [("", None), ("a", "a"), ("ab", "b"), ("aB", "a"), ("AB", "B"), ("Ab", "b"), ("AbC", "b"), ("aBc", "c")],
)
def test_the_last_that_is_no_draft_else_the_last_draft(pictures: str, final: str | None) -> None:
    """Capitals are drafts."""
    found = FinalPicture[str]()
    for picture in pictures:
        found.take(picture, is_draft=picture.isupper())
    assert found.picture == final
    assert found.is_draft is (final is None or final.isupper())
