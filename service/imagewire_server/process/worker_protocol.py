"""The protocol between a worker and its parent, over the worker's stdin and stdout.

In: only the configuration to start with. The pipe closes when the parent ends for any reason. Out: a message that the
worker serves, and one every second that its event loop is running.
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
    """Encode the text of a configuration for a worker."""
    return len(text).to_bytes(_LENGTH_BYTES) + text


def received() -> bytes:
    """Read the text of the configuration to start with."""
    return _exactly(int.from_bytes(_exactly(_LENGTH_BYTES)))


def share_counts(where: str) -> None:
    """Use the shared memory of the parent for the metrics."""
    memory, slots, slot = (int(number) for number in where.split(":"))
    metrics.share(counters.Shared(memory, slots), slot)


def say_ready() -> None:
    """Report that this worker serves."""
    _say(READY)


async def beat_until_parent_gone() -> None:
    """Report every second that the event loop is running, until the parent has ended."""
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
    """Write to the pipe without waiting. If it is full, the parent is stopped."""
    os.set_blocking(sys.stdout.fileno(), False)
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), what)
