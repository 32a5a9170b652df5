"""The watch sees what holds the loop by its own work, and nothing else; and the target tells of it."""

import asyncio
import contextlib
import time
from collections.abc import Iterator

from tests.fuzz.hostile.watch import Held, Watch


@contextlib.contextmanager
def watching() -> Iterator[list[Held]]:
    found: list[Held] = []
    watch = Watch(asyncio.get_running_loop(), found.append)
    try:
        yield found
    finally:
        watch.stop()


def work(seconds: float) -> None:
    """Use so much of this thread's CPU time."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def turns(watched: list[Held], most: int = 200) -> None:
    """Let the watch have turns, until it has found something."""
    for _ in range(most):
        await asyncio.sleep(0.001)
        if watched:
            return


async def test_a_callback_that_works_long_is_seen_with_its_place() -> None:
    with watching() as found:
        await turns(found, 20)
        work(0.6)
        await turns(found)
    assert found[0].how == "the loop"
    assert found[0].seconds > 0.05
    assert any("test_watch.py" in place for place in found[0].places)


async def test_a_wait_is_no_work() -> None:
    with watching() as found:
        await turns(found, 20)
        time.sleep(0.15)  # noqa: ASYNC251  # as a busy machine lets a thread wait
        await turns(found, 50)
    assert not found


async def test_a_thread_that_keeps_the_interpreter_is_seen() -> None:
    with watching() as found:
        await turns(found, 20)
        # One step of the interpreter, which no other thread gets in between.
        await asyncio.to_thread(sum, range(60_000_000))
        await turns(found)
    assert found[0].how == "elsewhere"
