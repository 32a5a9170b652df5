"""The records of answers and pictures in Redis. All methods raise RedisError and OSError."""

from enum import Enum
from typing import Any

from imagewire_server.core.store import secret
from imagewire_server.core.store.records import Kept, KeptImage, State
from imagewire_server.core.store.shared import names, scripts
from imagewire_server.core.store.shared.connection import Connection, Entry

# Seconds that a running answer lives without a word of its owner.
LEASE = 10.0
_AT_ONCE = 16  # entries of a stream


class Removal(Enum):
    """Why an answer is removed, or an upload."""

    OVER = ""  # its time is over; what is being drawn stays
    ROOM = "room"  # there is no room: its request_id stays taken until its time is over, so that nobody pays again
    DELETED = "deleted"  # its caller wants that: its request_id stays taken, and what is being drawn goes, too
    NEVER_BEGUN = "unsent"  # nothing was sent: its request_id is free again, although it counts as being drawn


class Database:
    """The records. connection: to Redis."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def claim(self, kept: Kept) -> tuple[float, Kept | None]:
        """See Store. Returns also how many seconds to wait before asking again, 0 where the answer counts."""
        word, *more = await self._connection.run(scripts.CLAIM, *_fields(kept, 0))
        if word == b"wait":
            return float(more[0]), None
        return 0.0, _kept(more[0].decode(), _pairs(more[1])) if word == b"known" else None

    async def secret(self, known: bytes) -> bytes:
        """The secret of all. known: what it was, or is to be where there is none. Raises WrongSecret."""
        found, was_empty = await self._connection.run(scripts.AGREE, known)
        place = f"the key {names.SECRET} in Redis"
        if was_empty:
            secret.warn_of_empty(place)
        return secret.checked(found, place)

    async def put(self, kept: Kept, size: int = 0) -> int:
        """Add an answer, or replace what is known of it. Returns the bytes of all that is kept."""
        return int(await self._connection.run(scripts.PUT, *_fields(kept, size)))

    async def beat(self, completion_ids: list[str]) -> list[str]:
        """Say that answers are being drawn. Returns those whose record is lost."""
        return [one.decode() for one in await self._connection.run(scripts.BEAT, LEASE, *completion_ids)]

    async def leave(self, completion_ids: list[str]) -> None:
        """Say that answers are no longer being drawn."""
        await self._connection.calls([("DEL", f"{names.PREFIX}a:{ident}") for ident in completion_ids])

    async def status(self, completion_id: str) -> tuple[State | None, bool]:
        """The state of an answer, None where there is none; and whether a running one is still being drawn."""
        state, lives = await self._connection.run(scripts.STATUS, LEASE, completion_id)
        return State(state.decode()) if state else None, bool(lives)

    async def by_id(self, completion_id: str) -> Kept | None:
        """Anybody's answer by its id."""
        found = _pairs(await self._connection.call("HGETALL", names.completion(completion_id)))
        return _kept(completion_id, found) if found else None

    async def by_request(self, caller: str, request_id: str) -> Kept | None:
        """A caller's answer by its request_id."""
        found = await self._connection.call("GET", names.request(caller, request_id))
        return await self.by_id(found.decode()) if found else None

    async def put_cached(self, kept: Kept, key: bytes) -> None:
        """Let an answer be found by a key, in place of an older one."""
        name = names.cached(kept.caller, key)
        await self._connection.calls([("SET", name, kept.completion_id), ("PEXPIREAT", name, int(kept.expires * 1000))])

    async def cached(self, caller: str, key: bytes) -> Kept | None:
        """The newest answer of a caller's with this key, as far as its record is there."""
        found = await self._connection.call("GET", names.cached(caller, key))
        return await self.by_id(found.decode()) if found else None

    async def forget_cached(self, caller: str, key: bytes) -> None:
        """Find nothing by a key."""
        await self._connection.call("DEL", names.cached(caller, key))

    async def add(self, completion_id: str, expires: float, entries: list[dict[str, object]]) -> list[bytes]:
        """Add entries to the stream of an answer. Returns their ids."""
        key = names.events(completion_id)
        commands: list[tuple[object, ...]] = [
            ("XADD", key, "*", *(part for pair in entry.items() for part in pair)) for entry in entries
        ]
        return (await self._connection.calls([*commands, ("PEXPIREAT", key, int((expires + 3600) * 1000))]))[:-1]

    async def drop(self, completion_id: str, entries: list[bytes]) -> None:
        """Remove entries from the stream of an answer."""
        await self._connection.call("XDEL", names.events(completion_id), *entries)

    async def entries(self, completion_id: str, after: bytes, *, wait: bool) -> list[Entry]:
        """The next entries in the stream of an answer. wait: for the first of them, for a moment."""
        return await self._connection.read(names.events(completion_id), after, _AT_ONCE, wait=wait)

    async def put_image(self, image: KeptImage, name: str, path: str, *, upload: bool) -> None:
        """Add a picture. name: of what it is part of. path: of its bytes."""
        fields = {
            "caller": image.caller,
            "sha256": image.sha256,
            "size": image.size,
            "mime_type": image.mime_type,
            "width": image.width,
            "height": image.height,
            "path": path,
        }
        await self._connection.run(
            scripts.PUT_IMAGE,
            image.image_id,
            name,
            image.expires,
            image.size if upload else "",
            names.by_hash(image.caller, image.sha256),
            *(part for pair in fields.items() for part in pair),
        )

    async def count_upload(self, name: str, size: int, expires: float) -> int:
        """Count what has arrived of an upload. Returns the bytes of all that is kept."""
        return int(await self._connection.run(scripts.COUNT, name, size, expires))

    async def image(self, image_id: str) -> KeptImage | None:
        """Anybody's picture by its id."""
        found = _pairs(await self._connection.call("HGETALL", names.image(image_id)))
        if not found:
            return None
        return KeptImage(
            image_id=image_id,
            caller=found["caller"].decode(),
            sha256=found["sha256"],
            size=int(found["size"]),
            mime_type=found["mime_type"].decode(),
            width=int(found["width"]),
            height=int(found["height"]),
            expires=float(found["expires"]),
        )

    async def newest(self, caller: str, sha256: bytes) -> str | None:
        """The id of that picture of a caller's with these bytes that was uploaded last, or is kept the longest."""
        found = await self._connection.call("ZREVRANGE", names.by_hash(caller, sha256), 0, 0)
        return found[0].decode() if found else None

    async def place(self, image_id: str) -> tuple[str, str] | None:
        """The name of what a picture is part of, and the path of its bytes."""
        name, path = await self._connection.call("HMGET", names.image(image_id), "name", "path")
        return (name.decode(), path.decode()) if name else None

    async def remove(self, name: str, how: Removal = Removal.OVER) -> bool:
        """Forget an answer or upload. Returns whether its objects can go: not those of what is drawn now."""
        return bool(await self._connection.run(scripts.REMOVE, LEASE, name, how.value))

    async def prolong(self, until: float, given: list[str]) -> None:
        """Keep answers and uploads at least until a time. given: their names."""
        await self._connection.run(scripts.PROLONG, until, *given)

    async def total(self) -> int:
        """The bytes of all that is kept."""
        return int(await self._connection.call("GET", names.TOTAL) or 0)

    async def expired(self, now: float, count: int) -> list[str]:
        """The names of those whose time is over."""
        found = await self._connection.call("ZRANGEBYSCORE", names.AGES, "-inf", now, "LIMIT", 0, count)
        return [one.decode() for one in found]

    async def oldest(self, count: int, skip: int = 0) -> list[str]:
        """The names of the oldest, behind so many."""
        found = await self._connection.call("ZRANGE", names.AGES, skip, skip + count - 1)
        return [one.decode() for one in found]

    async def unknown(self, given: list[str]) -> list[str]:
        """Those of the names that nothing is known of."""
        found = await self._connection.calls([("ZSCORE", names.AGES, name) for name in given])
        return [name for name, score in zip(given, found, strict=True) if score is None]

    async def take_turn(self, what: str, seconds: float) -> bool:
        """Whether it is this process that does something now, which one of all does every so many seconds."""
        milliseconds = int(seconds * 1000)
        return bool(await self._connection.call("SET", f"{names.PREFIX}{what}", 1, "NX", "PX", milliseconds))


def _fields(kept: Kept, size: int) -> list[Any]:
    """An answer as the scripts take it."""
    fields = {
        "caller": kept.caller,
        "request_id": kept.request_id,
        "fingerprint": kept.fingerprint,
        "created": kept.created,
        "owner": kept.owner,
    }
    key = names.request(kept.caller, kept.request_id)
    pairs = (part for pair in fields.items() for part in pair)
    return [kept.completion_id, key, size, LEASE, kept.expires, kept.state.value, *pairs]


def _kept(completion_id: str, found: dict[str, bytes]) -> Kept:
    return Kept(
        completion_id=completion_id,
        caller=found["caller"].decode(),
        request_id=found["request_id"].decode(),
        fingerprint=found["fingerprint"],
        created=float(found["created"]),
        expires=float(found["expires"]),
        owner=found["owner"].decode(),
        state=State(found["state"].decode()),
    )


def _pairs(flat: Any) -> dict[str, bytes]:
    """A hash as Redis answers it: redis-py makes a dictionary of some answers, and leaves others as a list."""
    pairs = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
    return {key.decode(): value for key, value in pairs}
