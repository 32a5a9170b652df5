"""Exemplars: of each bucket of a histogram the last call whose span was recorded. Several processes share them.

Each process writes to cells of its own in the shared memory of `counters.py`. A cell begins with a digest of its
content, so a reader that comes while it is written, or after a process that was killed meanwhile, sees nothing of it.
"""

import hashlib
import struct
from collections.abc import Iterator
from typing import NamedTuple

from imagewire_server.core.counters import Counts, Name, Shared

_DIGEST_BYTES = 8
_CONTENT = struct.Struct("=Qdd16s8s")  # the place of the bucket's name among the counts, value, moment, trace, span
CELL = _DIGEST_BYTES + _CONTENT.size
_EMPTY = bytes(CELL)
_TRIES = 3


class Exemplar(NamedTuple):
    """A call that was counted in a bucket, and whose span was recorded. moment: Unix time."""

    value: float
    trace_id: str
    span_id: str
    moment: float


class Cells:
    """Those of one process, of which one thread writes. memory: for as many as fit. counts: its counts.

    What another process has left there stays until its buckets have a newer exemplar.
    """

    def __init__(self, memory: memoryview, counts: Counts) -> None:
        self._memory = memory
        self._counts = counts
        names = counts.names()
        # Where each bucket's is, and the place of its name.
        self._known = {names[place - 1]: (at, place) for at, place, _ in _read(memory) if 0 < place <= len(names)}
        used = {at for at, _ in self._known.values()}
        self._free = [at for at in range(0, len(memory) - CELL + 1, CELL) if at not in used][::-1]

    def put(self, name: Name, one: Exemplar) -> None:
        """Keep it in place of the bucket's last one. What has no room, here or among the counts, is not kept."""
        known = self._known.get(name)
        if known is None:
            place = self._counts.place(name)
            if not place or not self._free:
                return
            known = self._known[name] = self._free.pop(), place
        at, place = known
        ids = bytes.fromhex(one.trace_id), bytes.fromhex(one.span_id)
        content = _CONTENT.pack(place, one.value, one.moment, *ids)
        self._memory[at : at + CELL] = _digest(content) + content


def newest(shared: Shared) -> dict[Name, Exemplar]:
    """The last one of each bucket, of all processes."""
    found: dict[Name, Exemplar] = {}
    for slot, memory in zip(shared.slots, shared.cells, strict=True):
        cells = list(_read(memory))
        names = Counts(slot).names() if cells else []  # after the cells: they name none that is not there
        for _, place, one in cells:
            if 0 < place <= len(names):
                before = found.get(name := names[place - 1])
                if before is None or before.moment < one.moment:
                    found[name] = one
    return found


def _read(memory: memoryview) -> Iterator[tuple[int, int, Exemplar]]:
    """Where each one is, the place of its name, and itself."""
    for at in range(0, len(memory) - CELL + 1, CELL):
        for _ in range(_TRIES):
            cell = bytes(memory[at : at + CELL])
            if cell == _EMPTY:
                return  # they are filled from the beginning
            content = cell[_DIGEST_BYTES:]
            if cell[:_DIGEST_BYTES] == _digest(content):
                place, value, moment, trace, span = _CONTENT.unpack(content)
                yield at, place, Exemplar(value, trace.hex(), span.hex(), moment)
                break


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()
