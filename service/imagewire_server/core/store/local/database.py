"""The tables of a local store. Everything here runs in the store's threads."""

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from imagewire_server.core.store.records import Kept, KeptImage, State

_SCHEMA = """
CREATE TABLE IF NOT EXISTS completions (
  id TEXT PRIMARY KEY, caller TEXT NOT NULL, request_id TEXT, fingerprint BLOB NOT NULL, owner TEXT NOT NULL,
  state TEXT NOT NULL, created REAL NOT NULL, expires REAL NOT NULL, size INTEGER NOT NULL DEFAULT 0, log BLOB);
CREATE UNIQUE INDEX IF NOT EXISTS requests ON completions (caller, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS ages ON completions (expires);
CREATE TABLE IF NOT EXISTS objects (sha256 BLOB PRIMARY KEY, size INTEGER NOT NULL, data BLOB);
CREATE TABLE IF NOT EXISTS images (
  id TEXT PRIMARY KEY, caller TEXT NOT NULL, sha256 BLOB NOT NULL, completion TEXT, size INTEGER NOT NULL,
  mime_type TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, created REAL NOT NULL,
  expires REAL NOT NULL);
CREATE INDEX IF NOT EXISTS hashes ON images (sha256, caller);
CREATE INDEX IF NOT EXISTS parts ON images (completion);
CREATE INDEX IF NOT EXISTS image_ages ON images (expires) WHERE completion IS NULL;
CREATE TABLE IF NOT EXISTS total (bytes INTEGER NOT NULL);
INSERT INTO total SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM total);
CREATE TRIGGER IF NOT EXISTS c1 AFTER INSERT ON completions BEGIN UPDATE total SET bytes = bytes + NEW.size; END;
CREATE TRIGGER IF NOT EXISTS c2 AFTER DELETE ON completions BEGIN UPDATE total SET bytes = bytes - OLD.size; END;
CREATE TRIGGER IF NOT EXISTS c3 AFTER UPDATE OF size ON completions
  BEGIN UPDATE total SET bytes = bytes + NEW.size - OLD.size; END;
CREATE TRIGGER IF NOT EXISTS o1 AFTER INSERT ON objects BEGIN UPDATE total SET bytes = bytes + NEW.size; END;
CREATE TRIGGER IF NOT EXISTS o2 AFTER DELETE ON objects BEGIN UPDATE total SET bytes = bytes - OLD.size; END;
"""
_ROWS = 1000  # in one statement; SQLite takes 32766 values
_PUT_COMPLETIONS = (
    "INSERT INTO completions VALUES",
    "ON CONFLICT (id) DO UPDATE SET state = excluded.state, size = excluded.size, log = excluded.log",
)
_PUT_OBJECTS = "INSERT OR IGNORE INTO objects VALUES", ""
_PUT_IMAGES = "INSERT OR REPLACE INTO images VALUES", ""
_KEPT = "id, caller, request_id, fingerprint, created, expires, owner, state"
_IMAGE = "id, caller, sha256, size, mime_type, width, height, expires"


class Database:
    """One connection. Workers share the file; a writing transaction excludes all others."""

    def __init__(self, file: Path) -> None:
        # Long waits are for other workers' sweeps. What is committed survives the process, not always the machine.
        self._db = sqlite3.connect(file, timeout=10.0, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        with self.transaction():
            for statement in _statements():
                self._db.execute(statement)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside counts as a whole, or not at all. Also inside another one."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def put(self, kept: Kept, size: int = 0) -> None:
        """Add an answer whose events are in a file, or replace what is known of it."""
        self._insert(_PUT_COMPLETIONS, [completion_row(kept, kept.state, size, None)])

    def put_small(self, rows: "SmallRows") -> None:
        """Add small answers, or replace what is known of them, with their pictures."""
        # One statement for all: between two of them other threads run, and to come back costs more than a row.
        self._insert(_PUT_OBJECTS, rows.objects)
        self._insert(_PUT_IMAGES, rows.images)
        self._insert(_PUT_COMPLETIONS, rows.completions)

    def _insert(self, statement: tuple[str, str], rows: list[tuple[object, ...]]) -> None:
        head, tail = statement
        for start in range(0, len(rows), _ROWS):
            some = rows[start : start + _ROWS]
            places = ", ".join(["(" + ", ".join("?" * len(some[0])) + ")"] * len(some))
            self._db.execute(f"{head} {places} {tail}", [value for row in some for value in row])

    def delete(self, completion_id: str) -> None:
        """Forget an answer and its pictures. Their objects stay until `unused` finds them."""
        self._db.execute("DELETE FROM images WHERE completion = ?", (completion_id,))
        self._db.execute("DELETE FROM completions WHERE id = ?", (completion_id,))

    def prolong(self, until: float, completion_ids: Iterable[str], image_ids: Iterable[str]) -> None:
        """See Store."""
        answers = {*completion_ids, *(ident for each in image_ids if (ident := self.completion_of(each)))}
        for table, column, idents in (
            ("completions", "id", answers),
            ("images", "completion", answers),
            ("images", "id", image_ids),
        ):
            self._db.executemany(
                f"UPDATE {table} SET expires = ? WHERE {column} = ? AND expires < ?",  # noqa: S608
                [(until, ident, until) for ident in idents],
            )

    def release(self, completion_id: str) -> None:
        """The same, but for its request_id, which stays taken where the answer may have been charged."""
        self._db.execute("DELETE FROM images WHERE completion = ?", (completion_id,))
        stays = "request_id IS NOT NULL AND state <> ?"
        self._db.execute(
            f"DELETE FROM completions WHERE id = ? AND NOT ({stays})",  # noqa: S608
            (completion_id, State.FREE.value),
        )
        self._db.execute(
            "UPDATE completions SET state = ?, size = 0, log = NULL WHERE id = ?",
            (State.NOT_KEPT.value, completion_id),
        )

    def by_request(self, caller: str, request_id: str) -> Kept | None:
        """A caller's answer by its request_id."""
        return self._kept("caller = ? AND request_id = ?", caller, request_id)

    def by_id(self, completion_id: str) -> Kept | None:
        """Anybody's answer by its id."""
        return self._kept("id = ?", completion_id)

    def _kept(self, where: str, *values: object) -> Kept | None:
        row = self._db.execute(f"SELECT {_KEPT} FROM completions WHERE {where}", values).fetchone()  # noqa: S608
        if row is None:
            return None
        ident, caller, request_id, fingerprint, created, expires, owner, state = row
        return Kept(ident, caller, request_id or "", fingerprint, created, expires, owner, State(state))

    def log(self, completion_id: str) -> bytes | None:
        """The events of a small answer, None where they are in a file."""
        row = self._db.execute("SELECT log FROM completions WHERE id = ?", (completion_id,)).fetchone()
        return row[0] if row else None

    def put_image(self, image: KeptImage, completion_id: str | None) -> None:
        """Add a picture. Its object is put before."""
        self._insert(_PUT_IMAGES, [image_row(image, completion_id)])

    def put_object(self, sha256: bytes, size: int) -> None:
        """Add that a file has these bytes. Nothing changes where they are known."""
        self._insert(_PUT_OBJECTS, [(sha256, size, None)])

    def object(self, sha256: bytes) -> tuple[int, bytes | None] | None:
        """An object's size, and its bytes where no file has them; None where there is none."""
        found: tuple[int, bytes | None] | None = self._db.execute(
            "SELECT size, data FROM objects WHERE sha256 = ?", (sha256,)
        ).fetchone()
        return found

    def image(self, caller: str, image_id: str, sha256: bytes) -> KeptImage | None:
        """A caller's picture by its id, or by its hash: that which is kept the longest."""
        what, value = ("id", image_id) if image_id else ("sha256", sha256)
        row = self._db.execute(
            f"SELECT {_IMAGE} FROM images WHERE {what} = ? AND caller = ? AND expires > ? ORDER BY expires DESC",  # noqa: S608
            (value, caller, time.time()),
        ).fetchone()
        return KeptImage(*row) if row else None

    def completion_of(self, image_id: str) -> str | None:
        """The answer that a picture is part of."""
        row = self._db.execute("SELECT completion FROM images WHERE id = ?", (image_id,)).fetchone()
        return row[0] if row else None

    def delete_image(self, image_id: str) -> None:
        """Forget a picture."""
        self._db.execute("DELETE FROM images WHERE id = ?", (image_id,))

    @property
    def total(self) -> int:
        """The bytes of all that is kept."""
        return int(self._db.execute("SELECT bytes FROM total").fetchone()[0])

    def expired(self) -> tuple[list[Kept], list[str]]:
        """The answers, and the uploaded pictures, whose time is over."""
        return self._oldest("expires <= ?", time.time(), 1000)

    def oldest(self, count: int) -> tuple[list[Kept], list[str]]:
        """The oldest answers and uploaded pictures."""
        return self._oldest("created < ?", float("inf"), count)

    def _oldest(self, where: str, value: float, count: int) -> tuple[list[Kept], list[str]]:
        rows = self._db.execute(
            f"SELECT created, id, 1 FROM completions WHERE {where} UNION ALL"  # noqa: S608
            f" SELECT created, id, 0 FROM images WHERE completion IS NULL AND {where} ORDER BY created LIMIT ?",
            (value, value, count),
        ).fetchall()
        answers = [kept for _, ident, is_answer in rows if is_answer and (kept := self.by_id(ident)) is not None]
        return answers, [ident for _, ident, is_answer in rows if not is_answer]

    def take_unused(self) -> list[bytes]:
        """Forget the objects that no picture refers to, and return those that have files."""
        unused = "NOT EXISTS (SELECT 1 FROM images WHERE images.sha256 = objects.sha256)"
        found = [row[0] for row in self._db.execute(f"SELECT sha256 FROM objects WHERE data IS NULL AND {unused}")]  # noqa: S608
        self._db.execute(f"DELETE FROM objects WHERE {unused}")  # noqa: S608
        return found


@dataclass(slots=True)
class SmallRows:
    """The rows of small answers: of their tables, in the order of their columns."""

    completions: list[tuple[object, ...]] = field(default_factory=list)
    objects: list[tuple[object, ...]] = field(default_factory=list)
    images: list[tuple[object, ...]] = field(default_factory=list)


def completion_row(kept: Kept, state: State, size: int, log: bytes | None) -> tuple[object, ...]:
    """An answer. size: of what it has beside objects, in bytes. log: its events, None where a file has them."""
    request_id = kept.request_id or None
    times = kept.created, kept.expires
    return (kept.completion_id, kept.caller, request_id, kept.fingerprint, kept.owner, state.value, *times, size, log)


def image_row(image: KeptImage, completion_id: str | None) -> tuple[object, ...]:
    """A picture of an answer, or one that was uploaded."""
    about = image.size, image.mime_type, image.width, image.height
    return (image.image_id, image.caller, image.sha256, completion_id, *about, time.time(), image.expires)


def _statements() -> list[str]:
    """The schema's statements. A trigger's body has a semicolon of its own."""
    found, open_ = [], ""
    for line in _SCHEMA.strip().splitlines():
        open_ += line + "\n"
        if sqlite3.complete_statement(open_):
            found.append(open_)
            open_ = ""
    return found
