"""The folder as one process uses it: what is gone is seen, and all of it is opened again."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagewire_server.core.store.local.folder import Folder
from imagewire_server.core.store.local.place import Place
from tests.unit.core.store.local.stores import kept


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path / "kept")
    yield found
    found.close()


def test_both_connections_use_one_database(place: Place) -> None:
    place.database.put(kept())
    found = place.reads.by_id("cmpl-1")
    assert found is not None
    assert found.caller == "me"


def test_nothing_is_missing_at_first(place: Place) -> None:
    assert (place.is_there, place.is_removed) == (True, False)
    assert place.folder.is_alive(place.owner)


def test_a_folder_that_was_removed_is_seen_without_the_disk(place: Place) -> None:
    shutil.rmtree(place.folder.path)
    assert (place.is_there, place.is_removed) == (False, True)


def test_a_database_that_was_removed_is_missing(place: Place) -> None:
    place.folder.database.unlink()
    assert (place.is_there, place.is_removed) == (False, False)


def test_a_connection_that_was_not_opened_again_is_missing_its_database(place: Place) -> None:
    place.folder.database.unlink()
    place.database.reopen()
    assert place.database.is_there
    assert not place.is_there


def test_what_was_removed_is_made_anew_with_the_same_secret(place: Place) -> None:
    secret, owner = place.secret, place.owner
    place.database.put(kept())
    shutil.rmtree(place.folder.path)
    place.renew()
    assert (place.is_there, place.is_removed) == (True, False)
    assert place.secret == secret == Folder(place.folder.path).secret()
    assert place.owner != owner
    assert [place.folder.is_alive(name) for name in (place.owner, owner)] == [True, False]
    assert place.database.by_id("cmpl-1") is None
    place.database.put(kept("cmpl-2"))
    assert place.reads.by_id("cmpl-2") is not None


def test_what_another_process_has_made_anew_is_used(place: Place) -> None:
    shutil.rmtree(place.folder.path)
    other = Place(place.folder.path)
    other.database.put(kept())
    assert place.secret != other.secret
    place.renew()
    assert place.secret == other.secret
    assert place.reads.by_id("cmpl-1") is not None
    assert place.folder.is_alive(other.owner)
    other.close()


def test_what_is_closed_has_no_owner_and_no_connection(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.close()
    assert not Folder(tmp_path).is_alive(place.owner)
    for database in place.database, place.reads:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            database.by_id("cmpl-1")
