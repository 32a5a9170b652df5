"""Which picture is the final one, and that every form of an answer says the same."""

import pytest

from imagewire import collect
from imagewire.answer_builder import AnswerBuilder
from imagewire.final_image import final_image
from tests.sdk.conftest import Event, renumbered, three_pictures

# d: a draft, p: a picture that is none.
CASES = [("", None), ("p", 0), ("d", 0), ("pp", 1), ("dp", 1), ("pd", 0), ("dd", 1), ("pdpd", 2), ("ddd", 2)]


@pytest.mark.parametrize(("kinds", "at"), CASES)
def test_the_last_that_is_no_draft_else_the_last(kinds: str, at: int | None) -> None:
    pictures = list(enumerate(kinds))
    found = final_image(pictures, lambda picture: picture[1] == "d")
    assert found == (None if at is None else pictures[at])


def drafted(kinds: str) -> list[Event]:
    """A stream of three pictures, some of them drafts; each has a width of its own."""
    events = renumbered(three_pictures())
    finished = [event.part_finished for event in events if event.part_finished.HasField("image")]
    for width, (end, kind) in enumerate(zip(finished, kinds, strict=True), 1):
        end.thought, end.image.width = kind == "d", width
    return events


@pytest.mark.parametrize("kinds", ["ppp", "ppd", "pdd", "ddd", "dpd"])
def test_both_forms_of_an_answer_have_the_same_one(kinds: str) -> None:
    builder = AnswerBuilder()
    for event in drafted(kinds):
        builder.add(event)
    assert builder.answer.image is not None
    at = final_image(range(3), lambda index: kinds[index] == "d")
    assert at is not None
    assert builder.answer.image.width == at + 1
    assert collect(drafted(kinds)).candidates[0].message.image.width == at + 1
