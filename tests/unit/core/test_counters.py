"""Numbers in memory that several processes share."""

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from imagewire_server.core.counters import Counts, Histogram, Shared, reserve

SIZE = 4096
CHILD = """
import os, signal, sys
from imagewire_server.core.counters import Counts, Shared
counts = Counts(Shared(int(sys.argv[1]), 2).slots[int(sys.argv[2])])
counts.add(("calls", "OK"), 2)
counts.add(("running",), 1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_d7_numbers_are_summed_over_processes_and_outlive_them() -> None:
    fd = reserve(2, SIZE)
    shared = Shared(fd, 2)
    for slot in ("0", "1", "1"):
        subprocess.run([sys.executable, "-c", CHILD, str(fd), slot], pass_fds=(fd,), check=False, timeout=60)
    assert shared.read() == {("calls", "OK"): 6.0, ("running",): 3.0}
    Counts(shared.slots[1]).clear("running")
    assert shared.read() == {("calls", "OK"): 6.0, ("running",): 1.0}
    os.close(fd)


def test_d7_any_text_is_a_label() -> None:
    counts = Counts()
    names = [("calls", 'a "quote"\n'), ("calls", "größe\u2028\x85"), ("calls", ""), ("calls",)]
    for number, name in enumerate(names, 1):
        counts.add(name, number)
    assert counts.read() == {name: float(number) for number, name in enumerate(names, 1)}


def test_d7_what_has_no_room_is_named_once_and_harms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Mock()
    monkeypatch.setattr("imagewire_server.core.counters._log", log)
    counts = Counts(memoryview(bytearray(SIZE)))
    for _ in range(2):
        for number in range(SIZE):
            counts.add(("calls", str(number)))
    read = counts.read()
    assert 100 < len(read) < SIZE
    assert set(read.values()) == {2.0}
    assert log.warning.call_count == SIZE - len(read)


def test_d7_a_name_has_a_place_among_all_names_if_it_has_room() -> None:
    counts = Counts(memoryview(bytearray(SIZE)))
    names = [("calls", str(number)) for number in range(SIZE)]
    for name in names:
        counts.add(name)
    known = counts.names()
    assert [counts.place(name) for name in known] == list(range(1, len(known) + 1))
    assert {counts.place(name) for name in names[len(known) :]} == {0}
    assert counts.place(("never counted",)) == 0


TIMES = Histogram((0.5, 2.0), ("0.5", "2.0", "+Inf", "sum"))


def test_a_value_is_in_its_bucket_and_in_the_sum() -> None:
    counts = Counts()
    counts.add(("seconds", "a", "2.0"))  # known before
    assert [counts.observe(("seconds", "a"), value, TIMES) for value in (0.5, 0.6, 2.5, 3.0)] == [0, 1, 2, 2]
    counts.observe(("seconds", "b"), 1.0, TIMES)
    assert counts.read() == {
        ("seconds", "a", "0.5"): 1.0,
        ("seconds", "a", "2.0"): 2.0,
        ("seconds", "a", "+Inf"): 2.0,
        ("seconds", "a", "sum"): 6.6,
        ("seconds", "b", "2.0"): 1.0,
        ("seconds", "b", "sum"): 1.0,
    }


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc here")
def test_d7_shared_memory_is_in_no_folder_and_taken_in_full() -> None:
    fd = reserve(2, SIZE)
    assert str(Path(f"/proc/self/fd/{fd}").readlink()).startswith("/memfd:")
    assert os.fstat(fd).st_blocks * 512 >= 2 * SIZE
    os.close(fd)
