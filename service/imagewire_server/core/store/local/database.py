"""The tables of a local store. Everything here runs in the store's threads."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from imagewire_server.core.store.local.schema import statements
from imagewire_server.core.store.records import Kept, KeptImage, State

_ROWS = 1000  # in one statement; SQLite takes 32766 values
_PUT_COMPLETIONS = (
    "INSERT INTO completions VALUES",
    "ON CONFLICT (id) DO UPDATE SET state = excluded.state, size = excluded.size, log = excluded.log",
)
# In place of what is known, which may be damaged; its file, if it had one, is removed with what nothing refers to.
_PUT_OBJECTS = "INSERT INTO objects VALUES", "ON CONFLICT (sha256) DO UPDATE SET data = excluded.data"
_PUT_CACHED = "INSERT OR REPLACE INTO cached VALUES", ""
_PUT_IMAGES = "INSERT OR REPLACE INTO images VALUES", ""
_KEPT = "id, caller, request_id, fingerprint, created, expires, owner, state"
_IMAGE = "id, caller, sha256, size, mime_type, width, height, expires"


class Database:
    """One connection. Workers share the file; a writing transaction excludes all others.

    timeout: seconds to wait for such a one.
    """

    def __init__(self, file: Path, timeout: float) -> None:
        self._file = file
        self._timeout = timeout
        self._db, self._stat = self._opened()

    def _opened(self) -> tuple[sqlite3.Connection, os.stat_result]:
        # What is committed survives the process, not always the machine.
        db = sqlite3.connect(self._file, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("BEGIN IMMEDIATE")
            for statement in statements():
                db.execute(statement)
            db.execute("COMMIT")
            return db, self._file.stat()
        except BaseException:
            db.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    @property
    def is_there(self) -> bool:
        """Whether its file has not been removed. SQLite itself goes on without it."""
        try:
            return os.path.samestat(self._file.stat(), self._stat)
        except OSError:
            return False

    def reopen(self) -> None:
        """Use the file that has this name now. It is made where there is none."""
        before = self._db
        self._db, self._stat = self._opened()
        before.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside counts as a whole, or not at all. Also inside another one."""
        if self._db.in_transaction:
            yield
            return
        if not self.is_there:
            raise FileNotFoundError("the database was removed")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def try_to_write(self) -> None:
        """Raise sqlite3.Error where nothing can be written."""
        with self.transaction():
            pass

    def put(self, kept: Kept, size: int = 0) -> None:
        """Add an answer whose events are in a file, or replace what is known of it."""
        with self.transaction():
            self._insert(_PUT_COMPLETIONS, [completion_row(kept, kept.state, size, None)])

    def put_small(self, rows: "SmallRows") -> None:
        """Add small answers, or replace what is known of them, with their pictures."""
        # One statement for all: between two of them other threads run, and to come back costs more than a row.
        self._insert(_PUT_OBJECTS, rows.objects)
        self._insert(_PUT_IMAGES, rows.images)
        self._insert(_PUT_COMPLETIONS, rows.completions)
        self._insert(_PUT_CACHED, rows.cached)

    def _insert(self, statement: tuple[str, str], rows: list[tuple[object, ...]]) -> None:
        head, tail = statement
        for start in range(0, len(rows), _ROWS):
            some = rows[start : start + _ROWS]
            places = ", ".join(["(" + ", ".join("?" * len(some[0])) + ")"] * len(some))
            self._db.execute(f"{head} {places} {tail}", [value for row in some for value in row])

    def delete(self, completion_id: str) -> list[bytes]:
        """Forget an answer and its pictures. Returns their hashes: their objects stay until `take_unused`."""
        hashes = self.empty(completion_id)
        self._db.execute("DELETE FROM completions WHERE id = ?", (completion_id,))
        return hashes

    def empty(self, completion_id: str) -> list[bytes]:
        """Forget the pictures of an answer. Returns their hashes."""
        return self._delete_images("completion = ?", completion_id)

    def _delete_images(self, where: str, value: str) -> list[bytes]:
        rows = self._db.execute(f"SELECT sha256 FROM images WHERE {where}", (value,)).fetchall()  # noqa: S608
        self._db.execute(f"DELETE FROM images WHERE {where}", (value,))  # noqa: S608
        return [row[0] for row in rows]

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

    def by_request(self, caller: str, request_id: str) -> Kept | None:
        """A caller's answer by its request_id."""
        return self._kept("caller = ? AND request_id = ?", caller, request_id)

    def by_id(self, completion_id: str) -> Kept | None:
        """Anybody's answer by its id."""
        return self._kept("id = ?", completion_id)

    def put_cached(self, kept: Kept, key: bytes) -> None:
        """Let an answer be found by a key, in place of an older one."""
        self._insert(_PUT_CACHED, [(kept.caller, key, kept.completion_id)])

    def cached(self, caller: str, key: bytes) -> Kept | None:
        """The newest answer of a caller's with this key, also one whose time is over."""
        return self._kept("id = (SELECT completion FROM cached WHERE caller = ? AND key = ?)", caller, key)

    def forget_cached(self, caller: str, key: bytes) -> None:
        """Find nothing by a key."""
        self._db.execute("DELETE FROM cached WHERE caller = ? AND key = ?", (caller, key))

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
        """Add that a file has these bytes, also where they were in a row."""
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

    def delete_image(self, image_id: str) -> list[bytes]:
        """Forget a picture. Returns its hash, if there is one."""
        return self._delete_images("id = ?", image_id)

    def put_upload(self, name: str, owner: str, size: int) -> None:
        """Count what has arrived of an upload. name: of its file."""
        with self.transaction():
            self.delete_upload(name)
            self._db.execute("INSERT INTO uploads VALUES (?, ?, ?)", (name, owner, size))

    def delete_upload(self, name: str) -> None:
        """An upload is over."""
        self._db.execute("DELETE FROM uploads WHERE name = ?", (name,))

    def uploads(self) -> list[tuple[str, str]]:
        """The uploads that are not over: their names and owners."""
        return self._db.execute("SELECT name, owner FROM uploads").fetchall()

    @property
    def total(self) -> int:
        """The bytes of all that is kept."""
        return int(self._db.execute("SELECT bytes FROM total").fetchone()[0])

    def expired(self, count: int, skip: int = 0) -> tuple[list[Kept], list[str]]:
        """So many answers and so many uploaded pictures whose time is over. skip: answers in front of them."""
        now = time.time()
        answers = self._db.execute(
            "SELECT id FROM completions WHERE expires <= ? ORDER BY expires, id LIMIT ? OFFSET ?", (now, count, skip)
        ).fetchall()
        images = self._db.execute(
            "SELECT id FROM images WHERE completion IS NULL AND expires <= ? LIMIT ?", (now, count)
        ).fetchall()
        return [kept for row in answers if (kept := self.by_id(row[0])) is not None], [row[0] for row in images]

    def oldest(self, count: int, after: tuple[float, str] = (0.0, "")) -> list["Old"]:
        """The oldest answers that have events, and uploaded pictures, behind a certain one."""
        rows = self._db.execute(
            "SELECT created, id, 1 FROM completions WHERE state <> 'not kept' AND (created, id) > (?, ?) UNION ALL"
            " SELECT created, id, 0 FROM images WHERE completion IS NULL AND (created, id) > (?, ?)"
            " ORDER BY created, id LIMIT ?",
            (*after, *after, count),
        ).fetchall()
        return [Old(created, ident, self.by_id(ident) if is_answer else None) for created, ident, is_answer in rows]

    def take_unused(self, hashes: Iterable[bytes]) -> list[bytes]:
        """Forget those of the objects that no picture refers to, and return them: they may have files."""
        found = []
        for sha256 in set(hashes):
            done = self._db.execute(
                "DELETE FROM objects WHERE sha256 = ?"
                " AND NOT EXISTS (SELECT 1 FROM images WHERE images.sha256 = objects.sha256)",
                (sha256,),
            )
            if done.rowcount:
                found.append(sha256)
        return found


@dataclass(frozen=True, slots=True)
class Old:
    """What may make room. created: seconds since 1970. kept: an answer; None for an uploaded picture."""

    created: float
    ident: str
    kept: Kept | None


@dataclass(slots=True)
class SmallRows:
    """The rows of small answers: of their tables, in the order of their columns."""

    completions: list[tuple[object, ...]] = field(default_factory=list)
    objects: list[tuple[object, ...]] = field(default_factory=list)
    images: list[tuple[object, ...]] = field(default_factory=list)
    cached: list[tuple[object, ...]] = field(default_factory=list)


def completion_row(kept: Kept, state: State, size: int, log: bytes | None) -> tuple[object, ...]:
    """An answer. size: of what it has beside objects, in bytes. log: its events, None where a file has them."""
    request_id = kept.request_id or None
    times = kept.created, kept.expires
    return (kept.completion_id, kept.caller, request_id, kept.fingerprint, kept.owner, state.value, *times, size, log)


def image_row(image: KeptImage, completion_id: str | None) -> tuple[object, ...]:
    """A picture of an answer, or one that was uploaded."""
    about = image.size, image.mime_type, image.width, image.height
    return (image.image_id, image.caller, image.sha256, completion_id, *about, time.time(), image.expires)
