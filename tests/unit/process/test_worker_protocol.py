"""What a worker and its parent say to each other, over pipes."""

import asyncio
import io
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from imagewire_server.process import worker_protocol
from imagewire_server.process.worker_protocol import BEAT, READY, framed


@dataclass
class Pipes:
    """to_worker, from_worker: the parent's ends. stdout: the worker's. A test closes to_worker to end the parent."""

    to_worker: int
    from_worker: int
    stdout: int


@pytest.fixture
def pipes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipes]:
    stdin, to_worker = os.pipe()
    from_worker, stdout = os.pipe()
    with os.fdopen(stdin) as source, os.fdopen(stdout, "w") as sink, os.fdopen(from_worker, "rb", 0) as parent:
        # Not sys's own, which pytest replaces before each test.
        monkeypatch.setattr(worker_protocol, "sys", SimpleNamespace(stdin=source, stdout=sink))
        writer = io.FileIO(to_worker, "w", closefd=False)
        yield Pipes(writer.fileno(), parent.fileno(), sink.fileno())
    try:
        os.close(to_worker)
    except OSError:
        return  # the test has closed it


@pytest.mark.parametrize("text", [b"", b"{}", bytes(range(256)) * 1000])
def test_a_configuration_arrives_whole(pipes: Pipes, text: bytes) -> None:
    message = framed(text) + b"not of it"

    def write() -> None:
        for at in range(0, len(message), 1000):
            os.write(pipes.to_worker, message[at : at + 1000])

    thread = threading.Thread(target=write)
    thread.start()
    assert worker_protocol.received() == text
    thread.join()


@pytest.mark.parametrize("sent", [b"", b"\0\0", framed(b"half of it")[:-3]])
def test_a_parent_that_ends_before_is_told(pipes: Pipes, sent: bytes) -> None:
    os.write(pipes.to_worker, sent)
    os.close(pipes.to_worker)
    with pytest.raises(ConnectionError, match="the process that started this worker has ended"):
        worker_protocol.received()


def test_a_worker_says_that_it_serves(pipes: Pipes) -> None:
    worker_protocol.say_ready()
    assert os.read(pipes.from_worker, 10) == READY


async def test_a_worker_beats_until_its_parent_has_ended(pipes: Pipes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_protocol, "PACE", 0.001)
    beating = asyncio.create_task(worker_protocol.beat_until_parent_gone())
    said = b""
    while len(said) < 3:
        said += await asyncio.to_thread(os.read, pipes.from_worker, 3 - len(said))
    assert said == BEAT * 3
    os.close(pipes.to_worker)
    await beating


def test_a_full_pipe_stops_nobody(pipes: Pipes) -> None:
    os.set_blocking(pipes.stdout, False)
    with suppress(BlockingIOError):
        while True:
            os.write(pipes.stdout, b"x" * 4096)
    worker_protocol.say_ready()
    assert READY not in os.read(pipes.from_worker, 1 << 20)
