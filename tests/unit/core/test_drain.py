"""Running calls are ended with an error of our own, which says whether a picture may have been paid for."""

import asyncio

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Draining, ShuttingDown
from imagewire_server.core.call import Call
from imagewire_server.core.drain import RunningCalls, Stop
from imagewire_server.services.stream_writer import StreamWriter


class SlowCall:
    """A call whose first message takes as long as a test wants, as on a busy machine."""

    def __init__(self) -> None:
        self.begun, self.may_end, self.whole = asyncio.Event(), asyncio.Event(), False

    async def write(self, message: bytes) -> None:
        self.begun.set()
        await self.may_end.wait()
        self.whole = True


@pytest.mark.parametrize("beat", [False, True])
async def test_m1_a_streams_first_message_is_out_before_its_status(beat: bool) -> None:
    slow, calls = SlowCall(), RunningCalls()

    async def drawn() -> None:
        call = Call(tried=[("gemini", "OK")])
        times = {"heartbeat_interval": 0.001 if beat else 60, "stall_timeout": 60}
        writer = StreamWriter(slow, call, calls.shielded, **times, max_frame_bytes=1 << 18)  # type: ignore[arg-type]
        with calls.running(call):
            async with writer:
                if not beat:
                    await writer.write([pb.Event(sequence=1, started=pb.Started())])
                await asyncio.Event().wait()

    drawing = asyncio.create_task(drawn())
    await slow.begun.wait()
    ending = asyncio.create_task(calls.end())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not drawing.done()
    slow.may_end.set()
    with pytest.raises(ShuttingDown):
        await drawing
    assert slow.whole
    await ending
    assert len(calls) == 0
    with pytest.raises(Draining), calls.running(Call()):
        raise AssertionError("a call began although new ones are refused")


async def test_m1_a_client_that_left_counts_before_a_server_that_stops() -> None:
    calls, begun = RunningCalls(), asyncio.Event()

    async def drawn() -> None:
        with calls.running(Call(tried=[("gemini", "OK")])):
            begun.set()
            await asyncio.Event().wait()

    drawing = asyncio.create_task(drawn())
    await begun.wait()
    ending = asyncio.create_task(calls.end())
    await asyncio.sleep(0)  # it has been ended, and has not run since
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert drawing.cancelled()
    await ending


def test_a_second_interrupt_hurries_most() -> None:
    stop = Stop()
    asked = [(stop.begun.is_set(), stop.hurry.is_set(), stop.now.is_set())]
    for ask in (stop.terminate, stop.terminate, stop.interrupt, stop.interrupt):
        ask()
        asked.append((stop.begun.is_set(), stop.hurry.is_set(), stop.now.is_set()))
    assert asked == [
        (False, False, False),
        (True, False, False),
        (True, False, False),
        (True, True, False),
        (True, True, True),
    ]
