"""The thread that writes the log, and what becomes of lines that are not ours."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from imagewire_server.core import metrics
from imagewire_server.logs.writer import Writer

SECRET = "CANARY-text"


def told(lines: int) -> bytes:
    return b"lost %d\n" % lines


def counted(reason: str) -> float:
    return metrics.everything().get(("imagewire_log_lines_dropped", reason), 0.0)


@contextlib.contextmanager
def pipe() -> Iterator[tuple[IO[bytes], int]]:
    """A pipe of one page: its reading end, and the descriptor to write to."""
    reading, writing = os.pipe()
    with contextlib.suppress(ImportError, AttributeError):
        import fcntl  # noqa: PLC0415

        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with os.fdopen(reading, "rb", buffering=0) as file:
        yield file, writing


def test_d6_lines_arrive_in_order_and_all_of_them_by_the_end() -> None:
    lines = [b"%d\n" % number for number in range(5000)]
    with pipe() as (file, fd):
        writer = Writer(fd, told)
        heard: list[bytes] = []
        reader = threading.Thread(target=lambda: heard.extend(file.readlines()))
        reader.start()
        for line in lines:
            writer.put(line)
        writer.close(60)
        os.close(fd)
        reader.join(60)
    assert heard == lines


def test_d6_what_is_written_at_once_is_whole_lines_that_no_other_process_can_cut() -> None:
    with pipe() as (file, fd):
        writer = Writer(fd, told)
        written: list[bytes] = []

        def read() -> None:
            while piece := os.read(file.fileno(), 65536):
                written.append(piece)

        for number in range(2000):
            writer.put(b"x" * (number % 400) + b"\n")
        reader = threading.Thread(target=read)
        reader.start()
        writer.close(60)
        os.close(fd)
        reader.join(60)
    assert all(piece.endswith(b"\n") and len(piece) <= 4096 for piece in written)


def test_d6_a_reader_that_stalls_costs_lines_and_no_time_and_is_told_how_many() -> None:
    line = b"x" * 1023 + b"\n"
    before = counted("full")
    with pipe() as (file, fd):
        writer = Writer(fd, told, most=10)
        for _ in range(200):
            writer.put(line)
        dropped = counted("full") - before
        assert 100 < dropped < 200
        heard: list[bytes] = []
        reader = threading.Thread(target=lambda: heard.extend(file.readlines()))
        reader.start()
        writer.close(60)
        os.close(fd)
        reader.join(60)
    notices = [int(text.split()[1]) for text in heard if text.startswith(b"lost")]
    assert sum(notices) == dropped
    assert len(heard) - len(notices) + dropped == 200


def test_d6_nobody_waits_at_the_end_for_a_reader_that_stalls() -> None:
    with pipe() as (file, fd):
        writer = Writer(fd, told)
        for _ in range(20):
            writer.put(b"x" * 1023 + b"\n")
        writer.close(0.01)
        assert len([file.readline() for _ in range(20)]) == 20
        os.close(fd)


def test_d6_a_reader_that_is_gone_costs_lines_alone() -> None:
    before = counted("unwritable")
    with pipe() as (file, fd):
        file.close()
        writer = Writer(fd, told)
        for _ in range(50):
            writer.put(b"a line\n")
        writer.close(60)
        os.close(fd)
    assert counted("unwritable") - before == 50


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_d6_a_full_disk_costs_lines_alone() -> None:
    before = counted("unwritable")
    fd = os.open("/dev/full", os.O_WRONLY)
    writer = Writer(fd, told)
    for _ in range(50):
        writer.put(b"a line\n")
    writer.close(60)
    os.close(fd)
    assert counted("unwritable") - before == 50


def test_d6_a_disk_that_has_room_again_gets_whole_lines_again_and_the_count_of_the_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room, disk, full = [13], bytearray(), threading.Event()

    def write(_: int, data: memoryview) -> int:
        taken = bytes(data[: room[0]])
        if not taken:
            full.set()
            raise OSError(28, "No space left on device")
        room[0] -= len(taken)
        disk.extend(taken)
        return len(taken)

    monkeypatch.setattr("imagewire_server.logs.writer.os.write", write)
    writer = Writer(-1, told)
    writer.put(b"this line is cut\n")
    assert full.wait(20)
    room[0] = 1000
    writer.put(b"this one is whole\n")
    writer.close(60)
    assert disk.splitlines() == [b"this line is ", b"this one is whole", b"lost 1"]


def test_d6_a_descriptor_that_does_not_wait_loses_nothing() -> None:
    with pipe() as (file, fd):
        os.set_blocking(fd, False)
        writer = Writer(fd, told)
        for _ in range(100):
            writer.put(b"x" * 1023 + b"\n")
        assert len([file.readline() for _ in range(100)]) == 100
        writer.close(60)
        os.close(fd)


def _logged(program: str) -> list[dict[str, object]]:
    """What a program logs that lets libraries log as the server does; it prints nothing else to stderr."""
    begin = "from imagewire_server import logs; logs.configure('debug'); logs.redirect_libraries()\n"
    ended = subprocess.run(
        [sys.executable, "-c", begin + program], capture_output=True, text=True, timeout=60, check=False
    )
    return [json.loads(line) for line in ended.stderr.splitlines()]


_FOREIGN = {
    "logging": "import logging; logging.getLogger('aiohttp.server').error('CANARY-text %s', 'CANARY-text')",
    "an exception that is logged": """
import logging
try: raise ValueError("CANARY-text")
except ValueError: logging.getLogger("grpc").exception("CANARY-text")""",
    "a record that does not fit": "import logging; logging.getLogger('uvicorn.error').error('%d', 'CANARY-text')",
    "a warning": "import warnings; warnings.warn('CANARY-text', UserWarning)",
    "an exception": "raise ValueError('CANARY-text')",
    "in a thread": """
import threading
def work(): raise ValueError("CANARY-text")
thread = threading.Thread(target=work); thread.start(); thread.join()""",
    "in a finalizer": """
class Kept:
    def __del__(self): raise ValueError("CANARY-text")
Kept()""",
    "in a callback": """
import asyncio
def work(words): raise ValueError(words)
async def main():
    asyncio.get_running_loop().call_soon(work, "CANARY-text")
    await asyncio.sleep(0)
asyncio.run(main())""",
    "in a task that nobody waits for": """
import asyncio, uvloop
async def work(words): raise ValueError(words)
async def main():
    asyncio.create_task(work("CANARY-text"))
    await asyncio.sleep(0)
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner: runner.run(main())""",
}


@pytest.mark.parametrize("program", _FOREIGN.values(), ids=_FOREIGN.keys())
def test_d6_what_libraries_and_the_interpreter_say_is_a_line_of_ours_without_its_text(program: str) -> None:
    lines = _logged(program)
    assert [line["event"] in ("library", "uncaught exception") for line in lines] == [True]
    assert SECRET not in json.dumps(lines)
    assert lines[0].get("place") or lines[0]["places"]
    if "raise" in program:
        assert lines[0]["kind"] == "ValueError"


def test_d6_no_value_makes_a_line_fail() -> None:
    program = """
import structlog
structlog.get_logger().info("odd", half="\\ud800", large=2**70, thing=object(), bytes=b"x")"""
    assert _logged(program)[0]["event"] == "odd"
