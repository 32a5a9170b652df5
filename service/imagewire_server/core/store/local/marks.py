"""How answers have ended that are not kept: noted now, or as soon as the database can be written again."""

import contextlib
from typing import TYPE_CHECKING

from imagewire_server.core.store.local.database import Database
from imagewire_server.core.store.local.sweep import Sweep
from imagewire_server.core.store.local.writer import FAULTS
from imagewire_server.core.store.records import Kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imagewire_server.core.store.local.recorder import LocalRecorder


class Marks:
    """Those of one store. recorders: of the answers that are drawn, or read by who had them drawn, by their ids."""

    def __init__(self, database: Database, sweep: Sweep, recorders: "Mapping[str, LocalRecorder]") -> None:
        self._database, self._sweep, self._recorders = database, sweep, recorders
        self._open: dict[str, Kept] = {}
        self._put: set[str] = set()  # what of them is in the database already

    def add(self, kept: Kept) -> None:
        """Note how an answer has ended, for `write`."""
        self._open[kept.completion_id] = kept
        self._put.discard(kept.completion_id)

    def write(self) -> None:
        """Write those that are not written, where that works now."""
        with contextlib.suppress(*FAULTS):
            for ident, kept in list(self._open.items()):
                recorder = self._recorders.get(ident)
                if recorder is None:
                    self._sweep.leave_mark(kept)
                    del self._open[ident]
                    self._put.discard(ident)
                elif ident not in self._put:  # all else goes when nobody reads it any more
                    self._database.put(kept, recorder.size)
                    self._put.add(ident)
