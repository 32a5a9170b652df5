"""Two replicas behind a real Envoy: nobody pays twice when one of them stops, and nobody notices a rolling restart."""

import itertools
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path

import grpc
import httpx
import pytest

from imagewire_server.config.settings import Settings
from tests.effort import thorough
from tests.integration import processes
from tests.integration.status import told
from tests.mesh.callers import FIRST, SECOND, Grpc, Rest, RestError, grpc_client, replica
from tests.mesh.envoy import ISTIO, UNAVAILABLE, envoy, until

pytestmark = pytest.mark.timeout(2400 if thorough() else 300)

# Pictures that are not there when the grace ends: not a byte of them, or a half.
SLOW, STUCK = "gemini/emulator-latency-200000", "gemini/emulator-stuck"
CALLERS, RESTARTS = (60, 10) if thorough() else (12, 1)
BRIEF = {"drain_delay": "0", "drain_grace": "0.5", "idle_timeout": "200"}


def stopped_while_drawing(folder: Path, retry_on: str, *, rest: bool) -> list[Future[None]]:
    """Fifty calls that one replica draws when its grace ends, while another is ready; they have ended.

    Each has cost one call upstream.
    """
    with ExitStack() as stack:
        emulator = stack.enter_context(processes.emulator()).address
        first = stack.enter_context(replica(emulator, f"{FIRST}:0", f"{FIRST}:0", **BRIEF))
        addresses = first.address, first.rest.removeprefix("http://")
        others = tuple(address.replace(FIRST, SECOND) for address in addresses)
        replicas = addresses[rest], others[rest]
        mesh = stack.enter_context(envoy(folder, **{"rest" if rest else "grpc": replicas}, retry_on=retry_on))
        pool = stack.enter_context(ThreadPoolExecutor(50))
        client = Rest(mesh) if rest else stack.enter_context(grpc_client(mesh))
        mesh.wait_for(addresses[rest])
        kinds = itertools.cycle([(client.create, SLOW), (client.stream, SLOW), (client.stream, STUCK)])
        calls = [pool.submit(draw, model) for draw, model in itertools.islice(kinds, 50)]
        until(lambda: len(processes.ledger(emulator)) == 50 or None, "fifty calls upstream")
        stack.enter_context(replica(emulator, *others, **BRIEF))
        mesh.wait_for(addresses[rest], others[rest])

        first.ask_to_stop()

        wait(calls, timeout=60)
        assert mesh.retries() == 0
        assert len(processes.ledger(emulator)) == 50
        return calls


@pytest.mark.parametrize("retry_on", [UNAVAILABLE, ISTIO])
def test_m1_a_mesh_that_retries_sends_no_charged_call_twice(retry_on: str, tmp_path: Path) -> None:
    calls = stopped_while_drawing(tmp_path, retry_on, rest=False)
    ends = [told(call.exception()) for call in calls]
    assert {(end.code, end.info.reason, end.pushback) for end in ends} == {("ABORTED", "SHUTTING_DOWN", "-1")}


def test_m1_a_mesh_that_retries_sends_no_charged_call_of_rest_twice(tmp_path: Path) -> None:
    ends = [call.exception() for call in stopped_while_drawing(tmp_path, ISTIO, rest=True)]
    failed = [end for end in ends if isinstance(end, RestError)]
    assert len(failed) == len(ends)
    assert {end.code for end in failed} == {"shutting_down"}
    # A unary call by its status; a stream that has begun by its last event.
    assert {(end.status, end.repeat) for end in failed} == {(500, "false"), (200, None)}


def test_m4_no_call_fails_while_both_replicas_restart(tmp_path: Path) -> None:
    """With default settings, under a load of unary calls and streams: short ones, and some that outlast drain_delay.

    Each is restarted once; in a thorough run ten times, under sixty callers: forty by streams.
    """
    short, long = "gemini/emulator-drip-300-100000", "gemini/emulator-drip-4000-100000"
    delay = str(Settings().drain_delay)  # the default, which tests elsewhere do without
    done = threading.Event()
    failed: list[Exception] = []
    numbers = itertools.count()
    with ExitStack() as stack:
        emulator = stack.enter_context(processes.emulator()).address
        first, second = stack.enter_context(ExitStack()), stack.enter_context(ExitStack())
        started = first.enter_context(replica(emulator, f"{FIRST}:0", f"{FIRST}:0", drain_delay=delay))
        addresses = started.address, started.rest.removeprefix("http://")
        others = tuple(address.replace(FIRST, SECOND) for address in addresses)
        second.enter_context(replica(emulator, *others, drain_delay=delay))
        # Nothing is repeated, so that what fails is seen.
        mesh = stack.enter_context(envoy(tmp_path, *zip(addresses, others, strict=True), retry_on=""))
        clients: list[Grpc | Rest] = [stack.enter_context(grpc_client(mesh)), Rest(mesh)]

        def caller(client: Grpc | Rest) -> None:
            for number in numbers:
                if done.is_set() and number >= 200:
                    return
                draw = client.create if number % 3 == 0 else client.stream
                try:
                    draw(long if number % 10 < 2 else short)
                except (grpc.RpcError, httpx.HTTPError, RestError, AssertionError) as error:
                    failed.append(error)

        mesh.wait_for(*addresses, *others)
        with ThreadPoolExecutor(CALLERS) as pool:
            callers = [pool.submit(caller, clients[i % 4 == 3]) for i in range(CALLERS)]
            try:
                for running, places in ((first, addresses), (second, others)) * RESTARTS:
                    running.close()
                    running.enter_context(replica(emulator, *places, drain_delay=delay))
                    mesh.wait_for(*addresses, *others)
            finally:
                done.set()
            for one in callers:
                one.result()
        made = next(numbers) - len(callers)
        assert made >= 200
        assert failed == []
        assert len(processes.ledger(emulator)) == made
