"""The ledger: what the emulator received and sent, for tests. It has no keys, and of pictures only hash and size."""

import itertools
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

_KEPT = 20_000
_KEPT_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Entry:
    """One request. Times are time.time(). outcome: "open", "ok", "error", "client_disconnected", "reset", "cut".

    bytes_sent counts the body while it is sent, so it can be read during the answer. parts: the kinds of the parts of
    each turn in `contents` ("text", "toolCall"); [] for an invalid request. scenario: that of the model's name.
    emulate: the directives of the header and the prompt. charged: the number of final pictures that were drawn.
    """

    id: int
    method: str
    path: str
    started: float
    model: str = ""
    scenario: str = ""
    emulate: str = ""
    api: str = ""
    stream: bool = False
    auth: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    parts: list[list[str]] = field(default_factory=list)
    status: int = 0
    images: list[dict[str, Any]] = field(default_factory=list)
    charged: int = 0
    body_bytes: int = 0
    bytes_sent: int = 0
    first_byte_at: float | None = None
    ended_at: float | None = None
    outcome: str = "open"

    def end(self, outcome: str) -> None:
        """Record the end; only the first call counts."""
        if self.ended_at is None:
            self.ended_at = time.time()
            self.outcome = outcome


class Bodies:
    """The bodies in all ledgers of a process: at most 64 MiB, the newest ones. The oldest become null."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Entry, int]] = deque()
        self._bytes = 0

    def keep(self, entry: Entry, body: Any) -> None:
        """Enter the body of a request, without its pictures."""
        entry.body = without_pictures(body)
        size = len(json.dumps(entry.body))
        self._kept.append((entry, size))
        self._bytes += size
        while self._bytes > _KEPT_BYTES or len(self._kept) > _KEPT:
            oldest, size = self._kept.popleft()
            oldest.body = None
            self._bytes -= size


class Ledger:
    """The requests, oldest first; at most the newest 20 000. bodies: shared with the ledgers of other keys."""

    def __init__(self, bodies: Bodies) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._bodies = bodies
        self._ids = itertools.count(1)

    def open(self, method: str, path: str) -> Entry:
        """Add an entry."""
        entry = Entry(next(self._ids), method, path, time.time())
        self._entries.append(entry)
        return entry

    def keep(self, entry: Entry, body: Any) -> None:
        """Enter the body of a request, without its pictures."""
        self._bodies.keep(entry, body)

    @property
    def entries(self) -> list[Entry]:
        """All entries that are kept."""
        return list(self._entries)

    def has_picture(self, sha256: str) -> bool:
        """Whether one of the requests drew a picture with this hash."""
        return any(image["sha256"] == sha256 for entry in self.entries for image in entry.images)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def after(self, id_: int) -> list[Entry]:
        """The entries with a larger id."""
        return [entry for entry in self._entries if entry.id > id_]


def without_pictures(value: Any) -> Any:
    """The JSON of a request, with the data of every inlineData replaced by its length."""
    if isinstance(value, dict):
        return {
            key: f"<{len(item)} characters>" if key == "data" and isinstance(item, str) else without_pictures(item)
            for key, item in value.items()
        }
    return [without_pictures(item) for item in value] if isinstance(value, list) else value
