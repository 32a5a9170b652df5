"""Envoy balances by what replicas tell of their load."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.integration import processes
from tests.mesh.callers import FIRST, SECOND, grpc_client
from tests.mesh.envoy import envoy

pytestmark = pytest.mark.timeout(300)

# Envoy takes reports at once, and not only after ten seconds.
BALANCING = {"blackout_period": "0.001s", "weight_update_period": "0.1s"}
ROUND = 40


@pytest.mark.parametrize("tells", [True, False])
def test_a_loaded_replica_gets_fewer_calls(tmp_path: Path, tells: bool) -> None:
    """Half of the places of one replica are taken by callers who do not come through Envoy."""
    settings = {"orca": str(tells), "max_concurrent_calls": "40", "drain_delay": "0", "drain_grace": "0.1"}
    with ExitStack() as stack:
        emulator = stack.enter_context(processes.emulator()).address
        busy, idle = (
            stack.enter_context(processes.server(emulator, "--grpc", f"{where}:0", "--workers", "1", **settings))
            for where in (FIRST, SECOND)
        )
        direct = stack.enter_context(grpc.insecure_channel(busy.address))
        chat = chat_service_pb2_grpc.ChatServiceStub(direct)
        slow = [
            chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec("gemini/emulator-stuck"))) for _ in range(20)
        ]
        for one in slow:
            next(iter(one))  # it has a place
        mesh = stack.enter_context(envoy(tmp_path, [busy.address, idle.address], balancing=BALANCING))
        client = stack.enter_context(grpc_client(mesh))
        pool = stack.enter_context(ThreadPoolExecutor(4))
        mesh.wait_for(busy.address, idle.address)
        for _ in range(3):  # the reports of the first calls make the weights of later ones
            before = mesh.calls()
            list(pool.map(client.create, ["gemini/emulator-size-100KB"] * ROUND))
            sent = mesh.calls() - before
        assert sent.total() == ROUND
        if tells:
            assert sent[busy.address] <= ROUND // 4
        else:
            assert abs(sent[busy.address] - sent[idle.address]) <= 2
        for one in slow:
            one.cancel()
