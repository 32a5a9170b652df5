"""What a process tells Redis ends with the process."""

import asyncio
from types import SimpleNamespace
from typing import Any

from imagewire_server.core.store.shared.heart import Heart


async def test_a_task_whose_cancellation_is_taken_for_a_time_out_ends_too() -> None:
    """As the client of Redis does now and then, while it connects or reads."""

    async def nothing(*_: Any) -> list[str]:
        return []

    async def beat_on() -> None:
        while True:
            try:
                await began.wait()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if taken:
                    raise
                taken.append(True)

    taken: list[bool] = []
    began = asyncio.Event()
    heart = Heart(SimpleNamespace(leave=nothing), SimpleNamespace(), lambda _: False, lambda: None)  # type: ignore[arg-type]
    task = heart.do(beat_on())
    began.set()
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await heart.stop()
    assert (task.done(), taken) == (True, [True])
