"""One replica behind an Envoy that retries as Istio does by default: what may have been charged is asked for once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from tests.integration import processes
from tests.integration.status import told
from tests.mesh.callers import FIRST, Rest, RestError, grpc_client, replica
from tests.mesh.envoy import ISTIO, envoy, until

pytestmark = pytest.mark.timeout(300)

# Ends of calls that the provider may bill.
CHARGED = ("bad-base64", "bomb", "error-in-stream", "reset", "latency-60000", "stuck", "cut", "cut-clean")


def charged_ends(folder: Path, *, rest: bool) -> dict[tuple[str, str], BaseException | None]:
    """How calls end that the provider may bill, by what happens and by method. Each has cost one call upstream."""
    with ExitStack() as stack:
        emulator = stack.enter_context(processes.emulator()).address
        limits = {"first_byte_timeout": "2", "idle_timeout": "2", "max_answer_bytes": "8000000"}
        server = stack.enter_context(replica(emulator, f"{FIRST}:0", f"{FIRST}:0", **limits))
        address = server.rest.removeprefix("http://") if rest else server.address
        mesh = stack.enter_context(envoy(folder, **{"rest" if rest else "grpc": [address]}, retry_on=ISTIO))
        client = Rest(mesh) if rest else stack.enter_context(grpc_client(mesh))
        pool = stack.enter_context(ThreadPoolExecutor(16))
        mesh.wait_for(address)
        calls = {
            (name, draw.__name__): pool.submit(draw, f"gemini/emulator-{name}")
            for name in CHARGED
            for draw in (client.create, client.stream)
            if (name, draw) != ("error-in-stream", client.create)  # a stream alone can have it
        }
        ends = {of: call.exception() for of, call in calls.items()}
        asked = Counter(entry["path"] for entry in processes.ledger(emulator))
        assert set(asked.values()) == {1}, asked
        assert mesh.retries() == 0
        return ends


def test_m1_no_charged_end_is_one_that_a_mesh_repeats(tmp_path: Path) -> None:
    ends = {of: told(error) for of, error in charged_ends(tmp_path, rest=False).items()}
    assert {of: end.info.reason for of, end in ends.items() if end.pushback != "-1"} == {}
    assert {of: end.info.reason for of, end in ends.items() if end.code in {"UNAVAILABLE", "CANCELLED"}} == {}


def test_m1_no_charged_end_of_rest_is_one_that_a_mesh_repeats(tmp_path: Path) -> None:
    ends = charged_ends(tmp_path, rest=True)
    assert {of for of, error in ends.items() if error is None} == set()
    failed = [error for error in ends.values() if isinstance(error, RestError) and error.status != 200]
    assert len(failed) >= len(CHARGED) - 1  # a stream that has begun tells its end by an event
    assert {error.repeat for error in failed} == {"false"}
    assert 503 not in {error.status for error in failed}


def test_m1_a_call_of_a_replica_that_is_killed_is_not_sent_again(tmp_path: Path) -> None:
    """Envoy tells the caller UNAVAILABLE without details: whether it was charged, nobody knows."""
    with ExitStack() as stack:
        emulator = stack.enter_context(processes.emulator()).address
        server = stack.enter_context(processes.server(emulator, "--grpc", f"{FIRST}:0"))
        mesh = stack.enter_context(envoy(tmp_path, [server.address], retry_on=ISTIO))
        client = stack.enter_context(grpc_client(mesh))
        pool = stack.enter_context(ThreadPoolExecutor(2))
        mesh.wait_for(server.address)
        calls = [pool.submit(draw, "gemini/emulator-latency-60000") for draw in (client.create, client.stream)]
        until(lambda: len(processes.ledger(emulator)) == 2 or None, "the calls upstream")
        server.process.kill()
        for call in calls:
            error = call.exception()
            assert isinstance(error, grpc.RpcError)
            assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert len(processes.ledger(emulator)) == 2
        assert mesh.retries() == 0


def test_m6_a_proxy_that_pings_cuts_no_silent_call(tmp_path: Path) -> None:
    """Envoy pings each 3 s, below silent draws and short ones."""
    with ExitStack() as stack:
        emulator = stack.enter_context(processes.emulator()).address
        server = stack.enter_context(replica(emulator, f"{FIRST}:0", f"{FIRST}:0"))
        mesh = stack.enter_context(envoy(tmp_path, [server.address]))
        client = stack.enter_context(grpc_client(mesh))
        pool = stack.enter_context(ThreadPoolExecutor(4))
        mesh.wait_for(server.address)
        silent = [pool.submit(draw, "gemini/emulator-latency-16000") for draw in (client.create, client.stream)]
        while not all(call.done() for call in silent):
            client.create("gemini/emulator-size-100KB")
            client.stream("gemini/emulator-size-100KB")
        for call in silent:
            call.result()
