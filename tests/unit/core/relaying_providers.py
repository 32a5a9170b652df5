"""Providers that take requests in a format of their own, and what the core makes of such a call."""

from collections.abc import AsyncGenerator

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.provider import Report
from imagewire_server.contract.relayed import RelayedRequest
from imagewire_server.core.call import Call
from imagewire_server.core.generate import Engine
from imagewire_server.core.relay import Relay
from imagewire_server.core.wishes import Wishes
from tests.conftest import spec
from tests.unit.core.scripted_providers import SENT, Scripted, Step, counts, end


class Relaying(Scripted):
    """It also takes requests as they are; its bytes are the number of the call."""

    speaks = "test"

    def __init__(self, *calls: list[Step]) -> None:
        super().__init__(*calls)
        self.relayed: list[tuple[bytes, str]] = []

    async def relay(
        self, request: RelayedRequest, native_id: str, *, report: Report
    ) -> AsyncGenerator[list[StreamEvent], None]:
        self.relayed.append((request.body, native_id))
        assert report.relayed is not None
        report.relayed.begin("application/json")
        report.relayed.add(b"of call %d" % len(self.relayed))
        async for events in self.generate(pb.Spec(), native_id, stream=False, report=report):
            yield events


async def relayed(made: Engine, *, draws: bool = True) -> tuple[Call, bytes | Error]:
    """The record of a call to n0, and its bytes, or its error."""
    call, relay = Call(), Relay(RelayedRequest("draw", b"{ }", draws=draws))
    completion = made.start(spec("n0"), stream=True, deadline=None, call=call, wishes=Wishes(relay=relay))
    try:
        async with completion.attach(hashes=False) as reader:
            async for _ in reader:
                pass
    except Error as error:
        return call, error
    relay.end()
    return call, await relay.read()


WHOLE: list[Step] = [SENT, end(counts())]
