"""One connection floods; another one's calls go on. FLOOD_SECONDS: how long each flood lasts."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import grpc
import pytest

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.integration import processes
from tests.integration.floods import FLOODS

pytestmark = pytest.mark.alone

_SECONDS = os.environ.get("FLOOD_SECONDS", "0.5")


@pytest.fixture(scope="module")
def served() -> Iterator[processes.Program]:
    """One server for all floods: what one of them leaves behind is met by the next."""
    with processes.emulator() as emulator, processes.server(emulator.address) as server:
        yield server


@pytest.mark.parametrize("kind", FLOODS)
async def test_d4_a_flood_on_one_connection_fails_no_call_of_another(served: processes.Program, kind: str) -> None:
    command = [sys.executable, "-m", "tests.integration.floods", kind, served.address, _SECONDS]
    options = [("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(served.address, options=options) as channel:
        stub = chat_service_pb2_grpc.ChatServiceStub(channel)
        flood = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        ended = asyncio.ensure_future(flood.communicate())
        times: list[float] = []
        clock = asyncio.get_running_loop().time
        while not ended.done():
            begun = clock()
            answer = await stub.CreateCompletion(pb.CreateCompletionRequest(spec=spec()))
            assert answer.candidates[0].message.image.data
            times.append(clock() - begun)
    said, _ = await ended
    times.sort()
    median, most = times[len(times) // 2], times[-1]
    sys.stdout.write(f"{said.decode()}; {len(times)} calls, all OK, median {median:.3f} s, longest {most:.3f} s\n")
    assert flood.returncode == 0
    assert times
