"""The model finds what it is for."""

import pytest

from tests.robustness.model import Event, Seen, violations

WHOLE = [Event(1, "started"), Event(2, "part_started"), Event(3, "part_finished", "d"), Event(4, "finished")]


def seen(events: list[Event], end: str = "OK", *, at: float = 0.0, after: int = 0, charged: bool = False) -> Seen:
    return Seen("id", at, at + 1, after, events, end, charged)


@pytest.mark.parametrize(
    "history",
    [
        [seen(WHOLE), seen(WHOLE, at=5)],
        [seen(WHOLE[:2], ""), seen(WHOLE[2:], after=2, at=5)],
        [seen([], "UPSTREAM_UNAVAILABLE"), seen(WHOLE, at=5)],
        [seen(WHOLE[:2], "OUTCOME_UNKNOWN", charged=True), seen(WHOLE[:2], "OUTCOME_UNKNOWN", charged=True, at=5)],
        [seen([], "STORE_UNAVAILABLE"), seen(WHOLE, at=5)],
    ],
)
def test_what_keeps_the_promise(history: list[Seen]) -> None:
    assert violations(history, {"id": 1}, {"id": "d"}) == []


@pytest.mark.parametrize(
    ("history", "asked", "words"),
    [
        ([seen(WHOLE), seen(WHOLE, at=5)], 2, "asked 2 times"),
        ([seen([WHOLE[0], WHOLE[0], *WHOLE[1:]])], 1, "each once and in order"),
        ([seen([WHOLE[0], WHOLE[2], WHOLE[3]])], 1, "each once and in order"),
        ([seen(WHOLE), seen([Event(1, "other"), *WHOLE[1:]], at=5)], 1, "here and"),
        ([seen([*WHOLE[:2], Event(3, "part_finished", "x"), WHOLE[3]])], 1, "other bytes"),
        ([seen(WHOLE[:3])], 1, "without its last event"),
        ([seen(WHOLE), seen(WHOLE[1:3], after=1, at=5)], 1, "without its last event"),
        ([seen(WHOLE)], 0, "the provider was not asked"),
        ([seen(WHOLE), seen(WHOLE[:2], "OUTCOME_UNKNOWN", charged=True, at=5)], 1, "after another had ended with OK"),
        ([seen(WHOLE[:2], "UPSTREAM_CUT", charged=True), seen(WHOLE, at=5)], 1, "had ended with UPSTREAM_CUT"),
    ],
)
def test_what_breaks_it(history: list[Seen], asked: int, words: str) -> None:
    assert any(words in found for found in violations(history, {"id": asked}, {"id": "d"}))


def test_a_picture_that_the_provider_never_sent_is_no_right_one() -> None:
    assert any("other bytes" in found for found in violations([seen(WHOLE)], {"id": 1}, {}))
