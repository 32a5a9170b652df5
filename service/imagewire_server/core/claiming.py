"""Takes a request_id in the store, and gives it back where nothing is drawn under it."""

import asyncio
import hashlib
from functools import partial

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Draining
from imagewire_server.contract.keep_errors import unavailable
from imagewire_server.core.store.records import Kept
from imagewire_server.core.store.store import Store, StoreDown


async def claim(store: Store, kept: Kept) -> Kept | None:
    """See Store.claim; a call that is cancelled meanwhile leaves the id free. Raises StoreUnavailable."""
    claimed = asyncio.ensure_future(store.claim(kept))
    try:
        return await asyncio.shield(claimed)
    except StoreDown as error:
        raise unavailable() from error
    except asyncio.CancelledError:
        claimed.add_done_callback(partial(_give_back_claim, store, kept))
        raise


def fingerprint_of(spec: pb.Spec) -> bytes:
    """What tells a spec from others."""
    return hashlib.sha256(spec.SerializeToString(deterministic=True)).digest()


def spelled(request_id: str) -> str:
    """A request_id as the store has it: UUIDs are the same in upper and lower case."""
    return request_id.lower()


def give_back(store: Store, kept: Kept) -> None:
    """Nothing is drawn under a request_id that is claimed."""
    if kept.request_id:
        words = "the first call with this request_id ended before anything was sent: send it again"
        store.record(kept).end(Draining(words), free=True)


def _give_back_claim(store: Store, kept: Kept, claimed: "asyncio.Future[Kept | None]") -> None:
    """The call was cancelled while it claimed its request_id."""
    if not claimed.cancelled() and claimed.exception() is None and claimed.result() is None:
        give_back(store, kept)
