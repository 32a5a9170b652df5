"""What clients have still to read, by the clock."""

import asyncio

import pytest
import uvloop

from imagewire_server.api.grpc.unread_answers import UnreadAnswers


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_d5_an_answer_may_be_due_at_once(loop: object) -> None:
    async def owed_twice() -> list[bool]:
        told: list[bool] = []
        unread = UnreadAnswers(0.0, 100)

        async def call(size: int) -> None:
            task = asyncio.current_task()
            assert task is not None
            unread.add(task, size, told.append)

        await asyncio.gather(call(2), call(1))
        return told

    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]  # a factory
        # Whether it is read or cut is a race here; that each call is told once is none.
        assert len(runner.run(owed_twice())) == 2
