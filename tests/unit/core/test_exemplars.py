"""Exemplars in shared memory: the newest of each bucket, and nothing of what is half written or has no room."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from imagewire_server.core import exemplars
from imagewire_server.core.counters import Counts, Shared, reserve
from imagewire_server.core.exemplars import CELL, Cells, Exemplar, newest

FIRST, SECOND = ("seconds", "a", "0.5"), ("seconds", "b", "1.0")
WRITES = """
import sys
from imagewire_server.core.counters import Counts, Shared
from imagewire_server.core.exemplars import Cells, Exemplar
shared = Shared(int(sys.argv[1]), 2)
counts = Counts(shared.slots[1])
counts.add(("seconds", "a", "0.5"))
cells, both = Cells(shared.cells[1], counts), [Exemplar(n, f"{n}" * 32, f"{n}" * 16, n) for n in (1, 2)]
cells.put(("seconds", "a", "0.5"), both[0])
print(flush=True)
while True:
    for one in both:
        cells.put(("seconds", "a", "0.5"), one)
"""


@pytest.fixture
def shared() -> Iterator[Shared]:
    fd = reserve(2, 4096)
    yield Shared(fd, 2)
    os.close(fd)


def exemplar(digit: str, moment: float) -> Exemplar:
    return Exemplar(0.25, digit * 32, digit * 16, moment)


def cells_of(shared: Shared, slot: int) -> Cells:
    """Those of a process that has counted in both buckets."""
    counts = Counts(shared.slots[slot])
    for name in (FIRST, SECOND) if slot else (SECOND, FIRST):
        counts.add(name)
    return Cells(shared.cells[slot], counts)


def test_the_newest_of_all_processes_counts_in_each_bucket(shared: Shared) -> None:
    assert newest(shared) == {}
    one, other = cells_of(shared, 0), cells_of(shared, 1)
    one.put(FIRST, exemplar("a", 1.0))
    other.put(FIRST, exemplar("b", 2.0))
    other.put(SECOND, exemplar("c", 2.0))
    one.put(SECOND, exemplar("d", 1.0))
    assert newest(shared) == {FIRST: exemplar("b", 2.0), SECOND: exemplar("c", 2.0)}
    one.put(FIRST, exemplar("e", 3.0))
    assert newest(shared) == {FIRST: exemplar("e", 3.0), SECOND: exemplar("c", 2.0)}


def test_the_next_process_of_a_slot_goes_on_with_its_cells(shared: Shared) -> None:
    cells_of(shared, 0).put(FIRST, exemplar("a", 1.0))
    following = cells_of(shared, 0)
    assert newest(shared) == {FIRST: exemplar("a", 1.0)}
    following.put(SECOND, exemplar("b", 2.0))
    following.put(FIRST, exemplar("c", 3.0))
    assert newest(shared) == {FIRST: exemplar("c", 3.0), SECOND: exemplar("b", 2.0)}
    assert not any(shared.cells[0][2 * CELL :]), "each bucket has one cell"


@pytest.mark.parametrize("at", range(CELL))
def test_what_is_half_written_is_not_shown_and_its_room_is_used_again(shared: Shared, at: int) -> None:
    cells = cells_of(shared, 0)
    cells.put(FIRST, exemplar("a", 1.0))
    cells.put(SECOND, exemplar("b", 2.0))
    shared.cells[0][at] ^= 1
    assert newest(shared) == {SECOND: exemplar("b", 2.0)}
    cells_of(shared, 0).put(FIRST, exemplar("c", 3.0))
    assert newest(shared) == {FIRST: exemplar("c", 3.0), SECOND: exemplar("b", 2.0)}
    assert not any(shared.cells[0][2 * CELL :])


def test_what_has_no_room_is_left_out_and_harms_nothing(shared: Shared) -> None:
    counts = Counts(shared.slots[0])
    cells = Cells(shared.cells[0], counts)
    number = len(shared.cells[0]) // CELL
    names = [("seconds", str(one), "0.5") for one in range(number + 2)]
    for name in names:
        cells.put(name, exemplar("a", 1.0))
    assert newest(shared) == {}, "nothing was counted in these buckets"
    for _ in range(2):
        for name in names:
            counts.add(name)
            cells.put(name, exemplar("b", 2.0))
    assert newest(shared) == dict.fromkeys(names[:number], exemplar("b", 2.0))


def test_what_is_counted_under_no_name_has_no_exemplar(shared: Shared) -> None:
    counts = Counts(shared.slots[0])
    cells = Cells(shared.cells[0], counts)
    for number in range(4096):
        counts.add(("calls", str(number)))
    cells.put(("calls", "4095"), exemplar("a", 1.0))
    assert newest(shared) == {}
    cells.put(("calls", "0"), exemplar("a", 1.0))
    # A name that a reader does not have yet.
    shared.slots[0].cast("B")[:8] = bytes(8)
    assert newest(shared) == {}
    assert Cells(shared.cells[0], Counts(shared.slots[0]))._known == {}


def test_a_reader_never_sees_parts_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    fd = reserve(2, 4096)
    both, seen = Shared(fd, 2), set[str]()
    command = [sys.executable, "-c", WRITES, str(fd)]
    with subprocess.Popen(command, pass_fds=(fd,), stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout is not None
            writer.stdout.readline()
            monkeypatch.setattr(exemplars, "_TRIES", 1000)
            reads = 0
            while reads < 20_000 or len(seen) < 2:
                (one,) = newest(both).values()
                digit = one.trace_id[0]
                assert one == Exemplar(float(digit), digit * 32, digit * 16, float(digit))
                seen.add(digit)
                reads += 1
        finally:
            writer.kill()
    os.close(fd)
