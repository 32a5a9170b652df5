"""The statements that make the tables."""

import sqlite3

from imagewire_server.core.store.local.schema import statements


def made() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    for statement in statements():
        db.execute(statement)
    return db


def total(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT bytes FROM total").fetchone()[0])


def test_each_is_one_whole_statement() -> None:
    found = statements()
    assert all(sqlite3.complete_statement(one) for one in found)
    assert {one.split()[0] for one in found} == {"CREATE", "INSERT"}
    triggers = [one for one in found if one.startswith("CREATE TRIGGER")]
    assert all(one.rstrip().endswith("END;") for one in triggers)
    names = {name for (name,) in made().execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    assert len(triggers) == len(names)


def test_they_change_nothing_where_the_tables_are_there() -> None:
    db = made()
    db.execute("INSERT INTO objects VALUES (x'00', 5, NULL)")
    for statement in statements():
        db.execute(statement)
    assert db.execute("SELECT bytes FROM total").fetchall() == [(5,)]
    assert db.execute("SELECT COUNT(*) FROM objects").fetchone() == (1,)


def test_the_total_follows_each_table_that_has_bytes() -> None:
    db = made()
    db.execute("INSERT INTO completions VALUES ('a', 'me', NULL, x'', 'o', 'ended', 0, 1, 100, NULL)")
    db.execute("INSERT INTO objects VALUES (x'00', 10, NULL)")
    db.execute("INSERT INTO uploads VALUES ('up', 'o', 1)")
    assert total(db) == 111
    db.execute("UPDATE completions SET size = 300")
    assert total(db) == 311
    for table, rest in ("completions", 11), ("objects", 1), ("uploads", 0):
        db.execute(f"DELETE FROM {table}")  # noqa: S608
        assert total(db) == rest
