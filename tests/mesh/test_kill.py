"""One of two replicas behind Envoy is killed: only its own calls notice, and nothing is paid for twice."""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

import imagewire
from tests.effort import thorough
from tests.integration import processes
from tests.integration.shared_store import Redis, running_redis
from tests.mesh.callers import FIRST, SECOND
from tests.mesh.envoy import envoy, until

pytestmark = pytest.mark.timeout(2400 if thorough() else 300)

CALLERS, KILLS = (60, 20) if thorough() else (12, 2)


def kept(folder: Path, redis: Redis) -> dict[str, str]:
    """The settings of replicas that share what they keep."""
    return {"keep": "shared", "keep_redis": redis.url, "keep_objects": f"file://{folder}/objects", "orca": "true"}


def whole_picture(growing: Iterator[tuple[imagewire.Answer, imagewire.Chunk]]) -> bytes:
    """Read an answer to its end."""
    *_, (answer, _) = growing
    assert answer.image is not None
    return answer.image.data


def test_readers_of_a_replica_that_is_killed_go_on_at_another(tmp_path: Path) -> None:
    """They read what the other one draws."""
    with ExitStack() as stack:
        settings = kept(tmp_path, stack.enter_context(running_redis(tmp_path)))
        emulator = stack.enter_context(processes.emulator()).address
        drawing, killed = (
            stack.enter_context(processes.server(emulator, "--grpc", f"{where}:0", **settings))
            for where in (FIRST, SECOND)
        )
        mesh = stack.enter_context(envoy(tmp_path, [drawing.address, killed.address]))
        mesh.wait_for(drawing.address, killed.address)
        pool = stack.enter_context(ThreadPoolExecutor(CALLERS))
        direct = stack.enter_context(imagewire.Client(drawing.address))
        growing = iter(direct.chat.create("gemini/emulator-drip-20000-3000000").append("A banana").stream())
        first, _ = next(growing)
        begun = threading.Barrier(CALLERS + 1)

        def follow() -> bytes:
            with imagewire.Client(mesh.address, timeout=250) as client:
                pieces = iter(client.resume(completion_id=first.id))
                next(pieces)
                begun.wait(100)
                return whole_picture(pieces)

        readers = [pool.submit(follow) for _ in range(CALLERS)]
        begun.wait(100)
        assert min(mesh.calls().values()) > 0
        killed.process.kill()
        assert {reader.result() for reader in readers} == {whole_picture(growing)}
        assert len(processes.ledger(emulator)) == 1


def test_only_calls_in_flight_on_a_killed_replica_are_lost_and_none_is_paid_twice(tmp_path: Path) -> None:
    """The SDK asks for each again; of a drawing that ended with its process it says so, and does not draw again.

    Where it cannot even learn that, as Redis is too slow on a busy machine, it says that the connection broke off.
    """
    over = threading.Event()
    whole: list[str] = []
    lost: list[imagewire.ImagewireError] = []
    failed: list[Exception] = []

    def caller(target: str) -> None:
        with imagewire.Client(target, timeout=250) as client:
            while not over.is_set():
                try:
                    whole.append(client.draw("A banana", model="gemini/emulator-drip-1000-500000").mime_type)
                except (imagewire.OutcomeUnknown, imagewire.Unavailable) as error:
                    lost.append(error)
                except Exception as error:  # noqa: BLE001  # it is shown below
                    failed.append(error)

    with ExitStack() as stack:
        settings = kept(tmp_path, stack.enter_context(running_redis(tmp_path)))
        emulator = stack.enter_context(processes.emulator()).address
        replicas = [ExitStack(), ExitStack()]
        for replica in replicas:
            stack.enter_context(replica)
        servers = [
            replica.enter_context(processes.server(emulator, "--grpc", f"{where}:0", **settings))
            for replica, where in zip(replicas, (FIRST, SECOND), strict=True)
        ]
        addresses = [server.address for server in servers]
        mesh = stack.enter_context(envoy(tmp_path, addresses))
        mesh.wait_for(*addresses)
        pool = stack.enter_context(ThreadPoolExecutor(CALLERS))
        callers = [pool.submit(caller, mesh.address) for _ in range(CALLERS)]
        try:
            for number in range(KILLS):
                of = number % 2
                enough = len(whole) + CALLERS
                until(lambda enough=enough: len(whole) >= enough or None, "pictures")  # type: ignore[misc]
                servers[of].process.kill()
                replicas[of].close()
                servers[of] = replicas[of].enter_context(
                    processes.server(emulator, "--grpc", addresses[of], **settings)
                )
                mesh.wait_for(*addresses)
        finally:
            over.set()
        for each in callers:
            each.result()
        asked = len(processes.ledger(emulator))
        sys.stdout.write(f"{KILLS} kills: {len(whole)} whole, {len(lost)} lost, {asked} upstream\n")
        assert failed == []
        assert [error for error in lost if error.retryable] == []
        assert len(lost) <= KILLS * CALLERS
        assert len(whole) <= asked <= len(whole) + len(lost)
