"""Two workers against one. Both peers of one machine's two cores share them with the load: so a worker is looked at.

The first keeps the core of the server under test for itself: first alone, then with a second one, which works on the
cores of upstream and load. As each worker answers for itself, two carry twice what the first one answers for its CPU
time.
"""

import json
from pathlib import Path

from bench import processes
from bench.cases import SMALL, Extent, Figures
from bench.peers.imagewire import Imagewire
from bench.session import Failed, Load, Session, session

_SURFACES = ("gRPC stream", "REST stream")
_CALLERS = 96  # a worker; each has a connection, and the kernel chooses its worker


def workers(cache: Path, extent: Extent, figures: Figures) -> None:
    """Note how many times as much two workers carry."""
    try:
        alone, two = (_answers(count, cache, extent) for count in (1, 2))
    except Failed as error:
        figures.notes.append(f"imagewire, workers: {error}")
        return
    for surface in _SURFACES:
        figures.note(Imagewire(), surface, two_workers=2 * two[surface] / alone[surface])


def _answers(count: int, cache: Path, extent: Extent) -> dict[str, float]:
    """How many requests the first of so many workers answers for each second of its CPU time."""
    with session(Imagewire(workers=count), cache) as running:
        first = running.pid if count == 1 else _worker(running.pid, 0)
        if count == 2:
            processes.move(_worker(running.pid, 1), processes.cores()[1])
        return {surface: _of_first(running, first, surface, count, extent) for surface in _SURFACES}


def _of_first(running: Session, pid: int, surface: str, count: int, extent: Extent) -> float:
    running.run(surface, SMALL, Load(callers=_CALLERS * count, requests=20 * _CALLERS * count))
    before, seen = processes.cpu_seconds(pid)[pid], _calls(running.log)
    running.run(surface, SMALL, Load(callers=_CALLERS * count, seconds=extent.seconds))
    return (_calls(running.log) - seen) / (processes.cpu_seconds(pid)[pid] - before)


def _calls(log: Path) -> int:
    """How many calls the first worker has logged; one that is alone gives itself no number."""
    lines = (json.loads(line) for line in log.read_bytes().splitlines() if line.startswith(b"{"))
    return sum(line["event"] == "call" and line.get("worker", 0) == 0 for line in lines)


def _worker(parent: int, index: int) -> int:
    """The process of a worker."""
    marked = f"--worker\0{index}\0".encode()
    return next(pid for pid in processes.tree(parent) if marked in Path(f"/proc/{pid}/cmdline").read_bytes())
