"""What a worker and the process that started it say to each other, over the worker's standard input and output.

In: the configuration that it begins with, and nothing more; the pipe closes when the other process ends in any way.
Out: that the worker serves, and each second that its event loop runs.
"""

import asyncio
import contextlib
import os
import sys

from imagewire_server.core import counters, metrics

READY, BEAT = b"!", b"."
PACE = 1.0  # seconds between beats
_LENGTH_BYTES = 8


def framed(text: bytes) -> bytes:
    """The text of a configuration as a worker receives it."""
    return len(text).to_bytes(_LENGTH_BYTES) + text


def received() -> bytes:
    """The text of the configuration to begin with."""
    return _exactly(int.from_bytes(_exactly(_LENGTH_BYTES)))


def share_counts(where: str) -> None:
    """Count in the memory that the process which started this worker has told of."""
    memory, slots, slot = (int(number) for number in where.split(":"))
    metrics.share(counters.Shared(memory, slots), slot)


def say_ready() -> None:
    """Say that this worker serves."""
    _say(READY)


async def beat_until_parent_gone() -> None:
    """Say that the loop runs, until the process that started this worker has ended."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), gone.set)
    while not gone.is_set():
        _say(BEAT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(gone.wait(), PACE)
    loop.remove_reader(sys.stdin.fileno())


def _exactly(size: int) -> bytes:
    text = b""
    while len(text) < size:
        piece = os.read(sys.stdin.fileno(), size - len(text))
        if not piece:
            raise ConnectionError("the process that started this worker has ended")
        text += piece
    return text


def _say(what: bytes) -> None:
    """Write to the pipe. One that is full belongs to a process that was stopped, and nothing waits for it."""
    os.set_blocking(sys.stdout.fileno(), False)
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), what)
