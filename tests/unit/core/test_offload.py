"""Work on a large request runs beside the event loop, work on any other in it."""

import threading

import pytest

from imagewire_server.core.call import Call
from imagewire_server.core.offload import run_for_call


@pytest.mark.parametrize("large", [False, True])
async def test_only_the_work_on_a_large_request_leaves_the_loops_thread(large: bool) -> None:
    def work(first: int, *, second: int) -> tuple[int, bool]:
        return first + second, threading.current_thread() is threading.main_thread()

    assert await run_for_call(Call(large=large), work, 1, second=2) == (3, not large)


@pytest.mark.parametrize("large", [False, True])
async def test_what_the_work_raises_is_raised(large: bool) -> None:
    def work() -> None:
        raise ValueError("this")

    with pytest.raises(ValueError, match="this"):
        await run_for_call(Call(large=large), work)
