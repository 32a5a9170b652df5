"""How answers have ended that are not kept: written once, as soon as that works."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imagewire_server.core.store.local.marks import Marks
from imagewire_server.core.store.local.place import Place
from imagewire_server.core.store.local.sweep import Sweep
from imagewire_server.core.store.records import Kept, State
from tests.unit.core.store.local.stores import ID, kept

GONE = kept(request_id=ID, state=State.NOT_KEPT)


def fail(*_: Any, **__: Any) -> None:
    raise sqlite3.OperationalError("disk I/O error")


class Case:
    """Marks of a store in which an answer is drawn."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder)
        self.recorders: dict[str, Any] = {}
        sweep = Sweep(self.place.database, self.place.folder, 1 << 30, lambda: None)
        self.marks = Marks(self.place.database, sweep, self.recorders)
        self.place.database.put(kept(request_id=ID), 100)
        self.log = self.place.folder.log("cmpl-1")
        self.log.touch()

    def note(self, ended: Kept) -> None:
        self.marks.add(ended)
        self.marks.write()

    @property
    def state(self) -> State | None:
        found = self.place.database.by_id("cmpl-1")
        return found and found.state


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    found = Case(tmp_path)
    yield found
    found.place.close()


def test_only_the_mark_stays_of_what_nobody_reads(case: Case) -> None:
    case.note(GONE)
    assert (case.state, case.place.database.total, case.log.exists()) == (State.NOT_KEPT, 0, False)


def test_nothing_stays_where_there_is_no_request_id_to_take(case: Case) -> None:
    case.note(kept(state=State.NOT_KEPT))
    assert (case.state, case.log.exists()) == (None, False)


def test_what_is_still_read_stays_until_it_is_not(case: Case) -> None:
    case.recorders["cmpl-1"] = SimpleNamespace(size=70)
    case.note(GONE)
    assert (case.state, case.place.database.total, case.log.exists()) == (State.NOT_KEPT, 70, True)
    case.recorders["cmpl-1"].size = 80
    case.marks.write()
    assert case.place.database.total == 70, "it is not written at each look"
    case.recorders.clear()
    case.marks.write()
    assert (case.state, case.place.database.total, case.log.exists()) == (State.NOT_KEPT, 0, False)


def test_what_the_database_does_not_take_is_written_later(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(case.place.database, "put", fail)
        case.note(GONE)
        assert case.state is State.RUNNING
    case.marks.write()
    assert case.state is State.NOT_KEPT


def test_a_mark_is_written_once(case: Case) -> None:
    case.note(GONE)
    case.place.database.delete("cmpl-1")
    case.marks.write()
    assert case.state is None
