"""One client of Envoy floods it with HTTP/2 frames, or a replica behind it; calls of others through Envoy go on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.integration import processes
from tests.integration.floods import FLOODS
from tests.mesh.callers import FIRST, SECOND, grpc_client
from tests.mesh.envoy import Envoy, envoy

pytestmark = pytest.mark.timeout(300)

_SECONDS = os.environ.get("FLOOD_SECONDS", "0.5")
Topology = tuple[Envoy, str]


@pytest.fixture(scope="module")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    """Envoy in front of two replicas, and the address of one of these."""
    with ExitStack() as stack:
        emulator = stack.enter_context(processes.emulator()).address
        settings = {"orca": "true", "drain_grace": "0.1"}
        first, second = (
            stack.enter_context(processes.server(emulator, "--grpc", f"{where}:0", **settings)).address
            for where in (FIRST, SECOND)
        )
        mesh = stack.enter_context(envoy(tmp_path_factory.mktemp("envoy"), [first, second]))
        mesh.wait_for(first, second)
        yield mesh, first


@pytest.mark.parametrize("at_envoy", [True, False], ids=["at Envoy", "at a replica"])
@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_fails_no_call_of_others(topology: Topology, kind: str, at_envoy: bool) -> None:
    mesh, replica = topology
    flooded = mesh.address if at_envoy else replica
    command = [sys.executable, "-m", "tests.integration.floods", kind, flooded, _SECONDS]
    calls = 0
    with grpc_client(mesh) as client, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as flood:
        while flood.poll() is None or not calls:
            client.create("gemini/emulator-size-100KB")
            client.stream("gemini/emulator-size-100KB")
            calls += 2
        said, _ = flood.communicate()
    sys.stdout.write(f"{said.strip()}; {calls} calls, all OK\n")
    assert flood.returncode == 0
