"""Decides which picture of an answer is the final one, for the fold and for every format."""

from typing import Generic, TypeVar

_Picture = TypeVar("_Picture")


class FinalPicture(Generic[_Picture]):
    """The final picture so far: the last one that is not a draft, or the last draft if there are only drafts.

    picture: None before the first. is_draft: whether it is a draft.
    """

    __slots__ = ("is_draft", "picture")

    def __init__(self) -> None:
        self.picture: _Picture | None = None
        self.is_draft = True

    def take(self, picture: _Picture, *, is_draft: bool) -> None:
        """Take the next picture into account. Other media is never the final picture."""
        if self.is_draft or not is_draft:
            self.picture, self.is_draft = picture, is_draft
