"""Invented answers: what is whole arrives, unaltered and in order, and what is cut never passes as whole."""

import pytest

from tests.effort import times
from tests.fuzz import paths
from tests.fuzz.answer import build
from tests.fuzz.invent import invent
from tests.fuzz.running import Tally, known_seeds, through, through_reader

# `make fuzz` sends each of ten thousand answers by every one of these paths.
PATHS = ("grpc-stream", "grpc-unary", "chat", "chat-stream", "images", "images-stream", "responses", "responses-stream")


def _told(tally: Tally) -> str:
    return "\n".join([tally.figures(), *tally.failures()])


@pytest.mark.parametrize("first", range(0, 2000, 500))
def test_answers_through_the_reader(first: int) -> None:
    tally = Tally()
    for seed in range(first, first + times(500)):
        answer = build(invent(seed))
        tally.add(seed, answer, through_reader(answer))
    assert not tally.found, _told(tally)


@pytest.mark.parametrize(("place", "path"), list(enumerate(PATHS)))
async def test_answers_through_a_server(place: int, path: str) -> None:
    """Others by each path."""
    tally, first = Tally(), 2000 + 250 * place
    async with paths.serving() as server:
        for seed in range(first, first + times(250)):
            answer = build(invent(seed))
            tally.add(seed, answer, await through(answer, server, f"seed-{seed}", [path]))
    assert not tally.found, _told(tally)


async def test_answers_that_found_a_fault_once() -> None:
    tally = Tally()
    async with paths.serving() as server:
        for seed in known_seeds():
            answer = build(invent(seed))
            tally.add(seed, answer, await through(answer, server, f"seed-{seed}", PATHS))
    assert not tally.found, _told(tally)
