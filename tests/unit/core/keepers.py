"""Keepers over scripted providers and a real local store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.core.access.caller import Caller
from imagewire_server.core.call import Call
from imagewire_server.core.keeper import Keeper
from imagewire_server.core.reader import Reader
from imagewire_server.core.store.local.store import LocalStore
from tests.conftest import spec
from tests.unit.core.scripted_providers import BEGUN, FULL, SENT, WHOLE, Scripted, end, engine
from tests.unit.core.store.local.stores import opened

ME, YOU = Caller("me"), Caller("you")
DRAWN: list[Any] = [SENT, FULL, BEGUN, WHOLE, end()]


@asynccontextmanager
async def keeping(
    folder: Path, provider: Scripted | None = None, **options: Any
) -> AsyncIterator[tuple[Keeper, Scripted, LocalStore]]:
    """A keeper, its provider and its store."""
    made = provider or Scripted(*([list(DRAWN)] * 9))
    async with opened(folder) as store:
        yield Keeper(engine(made), store, **options), made, store


async def ask(keeper: Keeper, caller: Caller = ME, asked: pb.Spec | None = None, **options: Any) -> Reader:
    """Open an answer."""
    given = {"stream": True, "hashes": True, "deadline": None, **options}
    return await keeper.open(asked or spec("n0"), Call(caller=caller), **given)


async def events(reader: Reader) -> list[Any]:
    """All that is left of an answer."""
    async with reader:
        return [event async for batch in reader for event in batch]
