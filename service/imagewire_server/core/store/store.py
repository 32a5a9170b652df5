"""What keeps answers, for the rest of the core: a store, and the recorder of one answer."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.store.records import Kept, KeptImage

# Seconds that somebody waits for a store that does not answer. After them it counts as one that does not work.
LONGEST = 5.0


# Bytes of an answer that is being drawn which count before they are there, so that few of its steps change a count.
AHEAD = 1024 * 1024


class StoreDown(Exception):
    """The store does not work. The message is for the operator."""


class NoRoom(Exception):
    """What is being written is too large for the store, or all that is not finished is. The store works."""

    @classmethod
    def for_answer(cls) -> "NoRoom":
        """An answer alone is larger than what is kept."""
        return cls("an answer is larger than keep_max_bytes allows")

    @classmethod
    def for_all(cls) -> "NoRoom":
        """There is nothing left that could make way."""
        return cls("uploads and drawings that are not finished are larger than keep_max_bytes allows")


class Damaged(Exception):
    """What is kept of a picture is gone, or is not what was kept. The store works."""


class Recorder(Protocol):
    """Keeps the events of one answer while they arrive. None of its methods raises, and none but `settle` waits.

    Call `end`, and then `release`.
    """

    failed: bool
    """Whether it has given up: no later event is kept."""
    written: int
    """How many of the events that it got can be read back."""

    def on_progress(self, call: "OnProgress") -> None:
        """Have `call` called on the event loop whenever `written` or `failed` has changed, until the end is written.

        Then it is let go of: the drawing that listens refers to this recorder, and neither is to outlive the call.
        """

    def ask(self, spec: pb.Spec) -> None:
        """What was asked, before the first event. The spec must not change afterwards."""

    def add(self, events: list[StreamEvent]) -> None:
        """The next events. Those that are not yet written belong to the caller too, and must not change."""

    def end(self, error: Error | None, *, free: bool, cache_key: bytes = b"", answer: str = "") -> None:
        """The answer is complete, or has ended with an error. free: whether nothing was charged.

        cache_key: by which Store.cached finds it, b"" if it is not to be found. answer: the id of the kept answer whose
        events it has, in place of events of its own; they are marked as cached.
        """

    async def settle(self) -> None:
        """Return when its end is written, or cannot be."""

    def release(self) -> None:
        """Nobody reads the drawing any more that was there before its end. Until then what is written stays readable,
        whether it is kept or not. May be called again.
        """


class OnProgress(Protocol):
    """See Recorder."""

    def __call__(self) -> None: ...


def ignore() -> None:
    """Nobody listens."""


class Upload(Protocol):
    """A picture on its way into the store. Use as an async context manager: what is not saved is removed."""

    async def write(self, data: bytes) -> None:
        """More bytes. Raises StoreDown, and NoRoom."""

    async def save(self, image: KeptImage) -> None:
        """Keep it. Its sha256 and size are those of what was written. Raises StoreDown."""

    async def __aenter__(self) -> "Upload": ...

    async def __aexit__(self, *_: object) -> None: ...


class Store(Protocol):
    """Keeps answers and pictures. All methods that wait raise StoreDown when it does not work."""

    ttl: float
    """Seconds that an answer is kept."""

    @property
    def most(self) -> int:
        """Bytes of the largest answer, and of the largest picture, that is kept."""

    @property
    def is_down(self) -> bool:
        """Whether it is known not to work."""

    @property
    def secret(self) -> bytes:
        """What names of pictures are made from: random, kept, and the same for all that share the store."""

    async def claim(self, kept: Kept) -> Kept | None:
        """Take `kept.request_id` for this caller. None where it is taken now; else the answer that has it already."""

    def record(self, kept: Kept) -> Recorder:
        """Begin to keep an answer. Where it has a request_id, that is claimed before.

        The recorder has failed already while the store is known not to work.
        """

    async def find(self, caller: str, *, completion_id: str = "", request_id: str = "") -> Kept | None:
        """A caller's answer by one of its ids."""

    async def is_alive(self, kept: Kept) -> bool:
        """Whether the owner of a running answer still draws it."""

    def read(self, kept: Kept, after_sequence: int, offset: int) -> AsyncGenerator[list[StreamEvent], None]:
        """The events of an answer behind a position, as far as there are any, and those to come while it is drawn.

        Raises how it ended. offset: as in ResumeCompletionRequest; InvalidRequest where there are not so many bytes.
        """

    async def delete(self, kept: Kept) -> None:
        """Remove an answer that nobody draws, and its pictures. Its request_id stays taken until its time is
        over, where it may have been charged.
        """

    async def prolong(self, until: float, *, completion_ids: Sequence[str] = (), image_ids: Sequence[str] = ()) -> None:
        """Keep answers, and pictures with the answers that they are part of, at least until then (since 1970)."""

    async def request(self, kept: Kept) -> pb.Spec | None:
        """What was asked, with pictures by their sha256; None where that is not known."""

    async def cached(self, caller: str, key: bytes, since: float) -> Kept | None:
        """The newest answer with this cache_key, if it began at `since` (seconds since 1970) or later, and is kept."""

    async def forget_cached(self, caller: str, key: bytes) -> None:
        """Let `cached` find nothing by this key."""

    async def flush(self) -> None:
        """Return when all that was given to recorders is written, or cannot be."""

    async def image(self, caller: str, *, image_id: str = "", sha256: bytes = b"") -> KeptImage | None:
        """A caller's picture by its id, or by its hash."""

    async def image_bytes(self, image: KeptImage, offset: int, size: int) -> bytes:
        """Bytes of a picture, fewer only at its end. They are not checked: see checked.py. Raises Damaged."""

    def upload(self) -> Upload:
        """A place for a new picture."""

    async def delete_image(self, caller: str, image_id: str) -> bool:
        """Remove a picture and the answer that it is part of. Returns whether there was one."""

    async def aclose(self) -> None:
        """Write what is still to be written, and stop."""
