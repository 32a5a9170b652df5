"""The tables: what counts as a whole, and what the total is."""

import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.core.store.local.database import Database, SmallRows
from imagewire_server.core.store.records import KeptImage, State
from tests.unit.core.store.local.stores import kept


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "a.sqlite", 1.0)


def image(ident: str, sha256: bytes, **fields: object) -> KeptImage:
    given = {"caller": "me", "size": 5, "mime_type": "image/png", "width": 1, "height": 2, "expires": time.time() + 9}
    return KeptImage(ident, sha256=sha256, **{**given, **fields})  # type: ignore[arg-type]


def test_what_fails_is_undone(database: Database) -> None:
    database.put_object(b"a", 5)

    def put_both() -> None:
        with database.transaction():
            database.put(kept())
            with database.transaction():
                database.put(kept("cmpl-2", caller=None))

    with pytest.raises(sqlite3.IntegrityError):
        put_both()
    assert (database.by_id("cmpl-1"), database.total) == (None, 5)


def test_the_total_counts_answers_and_objects(database: Database) -> None:
    database.put(kept(), 100)
    database.put(kept(state=State.ENDED), 30)
    for ident in "ab":
        database.put_object(b"x", 5)
        database.put_image(image(ident, b"x"), "cmpl-1")
    assert database.total == 35
    assert database.take_unused([b"x"]) == []
    database.delete("cmpl-1")
    assert database.total == 5
    assert database.take_unused([b"x", b"x"]) == [b"x"]
    assert database.total == 0


def test_the_longest_kept_of_several_pictures(database: Database) -> None:
    now = time.time()
    for ident, expires in ("a", now + 5), ("b", now + 50), ("c", now - 5):
        database.put_image(image(ident, b"x", expires=expires), None)
    found = database.image("me", "", b"x")
    assert found is not None
    assert found.image_id == "b"
    assert database.image("me", "c", b"") is None


def test_the_oldest_of_answers_and_pictures(database: Database) -> None:
    database.put(kept("cmpl-1", created=2.0))
    database.put(kept("cmpl-2", created=1.0))
    database.put_image(image("up", b"x"), None)
    database.put_image(image("of", b"x"), "cmpl-1")
    database.put(kept("cmpl-3", created=0.5, state=State.NOT_KEPT))
    oldest = database.oldest(2)
    assert [one.kept and one.kept.completion_id for one in oldest] == ["cmpl-2", "cmpl-1"]
    behind = database.oldest(9, (oldest[1].created, oldest[1].ident))
    assert [(one.ident, one.kept) for one in behind] == [("up", None)]
    assert database.log("cmpl-1") is None
    assert database.completion_of("of") == "cmpl-1"
    assert database.completion_of("none") is None
    assert database.delete_image("up") == [b"x"]
    assert [one.ident for one in database.oldest(9)] == ["cmpl-2", "cmpl-1"]
    database.close()


def test_what_is_inside_another_transaction_counts_with_it(database: Database) -> None:
    with database.transaction():
        with database.transaction():
            database.put(kept())
        database.put(kept("cmpl-2"))
    assert database.by_id("cmpl-1") is not None
    assert database.by_id("cmpl-2") is not None


def test_an_object_is_where_it_was_put_last(database: Database) -> None:
    for _ in range(2):
        database.put_small(SmallRows(objects=[(b"a", 5, b"12345"), (b"a", 5, b"12346")]))
        database.put_object(b"b", 7)
        assert [database.object(sha256) for sha256 in (b"a", b"b", b"c")] == [(5, b"12346"), (7, None), None]
        database.put_object(b"a", 5)
        assert database.object(b"a") == (5, None)
        assert database.total == 12


def test_what_has_expired(database: Database) -> None:
    past = time.time() - 1
    database.put(kept("old", expires=past))
    database.put(kept("new"))
    for ident, expires in ("up", past), ("later", time.time() + 9):
        database.put_image(image(ident, b"x", expires=expires), None)
    database.put_image(image("of", b"x", expires=past), "old")
    answers, images = database.expired(9)
    assert ([one.completion_id for one in answers], images) == (["old"], ["up"])
    assert database.expired(9, 1) == ([], ["up"])


def test_a_key_finds_the_newest_answer_until_that_is_deleted(database: Database) -> None:
    for ident in ("cmpl-1", "cmpl-2"):
        database.put(kept(ident, state=State.ENDED))
        database.put_cached(kept(ident), b"key")
    found = database.cached("me", b"key")
    assert found is not None
    assert found.completion_id == "cmpl-2"
    assert (database.cached("you", b"key"), database.cached("me", b"other")) == (None, None)
    database.delete("cmpl-2")
    assert database.cached("me", b"key") is None
    database.put_cached(kept("cmpl-1"), b"key")
    database.forget_cached("me", b"key")
    assert database.cached("me", b"key") is None
    assert database.by_id("cmpl-1") is not None


@pytest.mark.parametrize("where", ["caller = 'me' AND key = x'00'", "completion = 'cmpl-1'"])
def test_the_newest_is_found_by_an_index(database: Database, where: str) -> None:
    asked = f"EXPLAIN QUERY PLAN SELECT completion FROM cached WHERE {where}"  # noqa: S608
    [plan] = database._db.execute(asked).fetchall()
    assert plan[3].startswith("SEARCH")


def test_a_file_that_is_no_database_is_left_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def noted(*given: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*given, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", noted)
    (tmp_path / "a.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        Database(tmp_path / "a.sqlite", 1.0)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_nothing_is_written_into_a_file_that_was_removed_until_it_is_opened_again(
    database: Database, tmp_path: Path
) -> None:
    database.put(kept())
    for file in tmp_path.iterdir():
        file.unlink()
    assert not database.is_there
    with pytest.raises(FileNotFoundError, match="the database was removed"):
        database.put(kept("cmpl-2"))
    database.reopen()
    assert database.is_there
    database.put(kept("cmpl-2"))
    assert [one.ident for one in database.oldest(9)] == ["cmpl-2"]


def test_another_file_of_its_name_is_not_its_own(database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").rename(tmp_path / "b.sqlite")
    (tmp_path / "a.sqlite").touch()
    assert not database.is_there


def test_an_answer_by_its_callers_request_id(database: Database) -> None:
    database.put(kept(request_id="r"))
    found = database.by_request("me", "r")
    assert found is not None
    assert found.completion_id == "cmpl-1"
    assert (database.by_request("you", "r"), database.by_request("me", "s")) == (None, None)


def test_what_is_prolonged_stays_with_its_pictures_and_nothing_is_shortened(database: Database) -> None:
    now = time.time()
    names = "named", "by-picture", "other", "longer"
    for ident in names:
        database.put(kept(ident, expires=now + (99 if ident == "longer" else 9)))
        database.put_image(image(f"of-{ident}", ident.encode(), expires=now + 9), ident)
    database.put_image(image("up", b"up", expires=now + 9), None)
    database.prolong(now + 50, ["named", "longer"], ["of-by-picture", "up", "none"])
    answers = {ident: found.expires for ident in names if (found := database.by_id(ident))}
    assert answers == {"named": now + 50, "by-picture": now + 50, "other": now + 9, "longer": now + 99}
    ids = "of-named", "of-by-picture", "of-other", "of-longer", "up"
    images = [found.expires for ident in ids if (found := database.image("me", ident, b""))]
    assert images == [now + 50, now + 50, now + 9, now + 50, now + 50]


def test_an_upload_counts_with_what_has_arrived_until_it_is_over(database: Database) -> None:
    database.put_upload("a", "me", 5)
    database.put_upload("b", "you", 1)
    database.put_upload("a", "me", 20)
    assert (sorted(database.uploads()), database.total) == ([("a", "me"), ("b", "you")], 21)
    database.delete_upload("a")
    assert (database.uploads(), database.total) == ([("b", "you")], 1)


def test_what_another_one_has_locked_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    one, other = Database(file, 1.0), Database(file, 0.0)
    with one.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.try_to_write()
    other.try_to_write()
    for database in one, other:
        database.close()
