"""Signals that end the command: no task that one of them hits leaves a traceback."""

import subprocess
import sys

import pytest

TASK = """
import asyncio, gc
from imagewire.cli import signals
signals.end_with_signals()
async def hit():
    raise {error}("x")
async def main():
    task = asyncio.create_task(hit())
    await asyncio.sleep(1)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
gc.collect()
"""


@pytest.mark.parametrize("error", ["signals.Terminated", "KeyboardInterrupt"])
def test_a_task_that_a_signal_ends_is_not_told(error: str) -> None:
    ended = subprocess.run([sys.executable, "-c", TASK.format(error=error)], capture_output=True, check=True)
    assert ended.stderr == b""
