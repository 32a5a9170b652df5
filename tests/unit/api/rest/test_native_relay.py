"""The events of an answer in the provider's own format are read beside its bytes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from imagewire_server.api.rest.native_relay import _pump
from imagewire_server.contract.errors import Cut, Error, Internal
from imagewire_server.contract.relayed import RelayedRequest
from imagewire_server.core.relay import Relay


class Failing:
    """A reader whose events end in an error."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def __aenter__(self) -> "Failing":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[None]:
        yield None
        raise self._error


@pytest.mark.parametrize(("error", "kind"), [(Cut("x"), Cut), (asyncio.CancelledError(), Internal)])
async def test_however_the_events_end_who_reads_the_bytes_learns_of_it(error: BaseException, kind: type[Error]) -> None:
    relay = Relay(RelayedRequest("generateContent", b"{}"))
    reader: Any = Failing(error)
    pump = asyncio.create_task(_pump(reader, relay))
    with pytest.raises(kind):
        await relay.read()
    await asyncio.wait([pump])
