"""Which of an answer's pictures is the final one, for all who show it: the answer's fold and every format."""

from typing import Generic, TypeVar

_Picture = TypeVar("_Picture")


class FinalPicture(Generic[_Picture]):
    """The final one of the pictures that have come so far: the last that is no draft, else the last draft.

    picture: None before the first. is_draft: whether it is one.
    """

    __slots__ = ("is_draft", "picture")

    def __init__(self) -> None:
        self.picture: _Picture | None = None
        self.is_draft = True

    def take(self, picture: _Picture, *, is_draft: bool) -> None:
        """Take the next picture into account. Media that is no picture is never the final one."""
        if self.is_draft or not is_draft:
            self.picture, self.is_draft = picture, is_draft
