"""Which of an answer's pictures is the final one: the contract's rule, for every form in which pictures come."""

from collections.abc import Callable, Sequence
from typing import TypeVar

_Picture = TypeVar("_Picture")


def final_image(pictures: Sequence[_Picture], is_draft: Callable[[_Picture], bool]) -> _Picture | None:
    """The last picture that is no draft, else the last one; None of none. pictures: in the answer's order."""
    last = pictures[-1] if pictures else None
    return next((picture for picture in reversed(pictures) if not is_draft(picture)), last)
