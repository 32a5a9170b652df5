"""Several processes on the same ports: all serve, one that dies is replaced, all drain, none outlives its parent."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.integration import processes


@pytest.fixture
def served() -> Iterator[processes.Program]:
    with processes.emulator() as emulator, processes.server(emulator.address, "--workers", "2") as server:
        yield server


def children(program: processes.Program) -> set[int]:
    return {
        int(pid) for pid in Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children").read_text().split()
    }


def drawn(address: str) -> str:
    """Draw over a connection of its own; the kernel chooses the worker."""
    with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        stub = chat_service_pb2_grpc.ChatServiceStub(channel)
        events = list(stub.StreamCompletion(pb.StreamCompletionRequest(spec=spec()), timeout=20))
    assert events[-1].HasField("finished")
    return str(events[0].started.completion_id)


def workers_of(program: processes.Program, calls: int) -> set[int]:
    """Which workers' logs tell of the next calls."""
    return {program.log_line("call")["worker"] for _ in range(calls)}


@contextlib.contextmanager
def ending(pids: set[int]) -> Iterator[None]:
    """By the end of the context, or soon after it, these processes have ended."""
    with contextlib.ExitStack() as stack:
        files = [os.pidfd_open(pid) for pid in pids]
        for file in files:
            stack.callback(os.close, file)
        yield
        for file in files:
            assert select.select([file], [], [], 20)[0]


def test_every_worker_serves_both_ports(served: processes.Program) -> None:
    assert len(children(served)) == 2
    for _ in range(16):
        drawn(served.address)
    assert workers_of(served, 16) == {0, 1}
    for _ in range(4):
        with urllib.request.urlopen(f"{served.rest}/v1/models") as models:  # noqa: S310  # loopback
            assert json.load(models)["object"] == "list"


def test_a_worker_that_dies_is_replaced_and_new_calls_do_not_notice(served: processes.Program) -> None:
    before = children(served)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    assert served.log_line("a worker ended and is started again")["code"] == -signal.SIGKILL
    for _ in range(8):
        drawn(served.address)
    served.log_line("worker serving")
    assert victim not in children(served)
    assert len(children(served)) == 2


def test_sigterm_drains_all_of_them(served: processes.Program) -> None:
    with grpc.insecure_channel(served.address) as channel:
        stub = chat_service_pb2_grpc.ChatServiceStub(channel)
        call = stub.StreamCompletion(pb.StreamCompletionRequest(spec=spec("gemini/emulator-drip-1000-400000")))
        next(call)
        with ending(children(served)):
            served.ask_to_stop()
            assert list(call)[-1].HasField("finished")
    assert served.process.wait(20) == 0


def test_sighup_reaches_all_of_them(served: processes.Program) -> None:
    served.hang_up()
    assert {served.log_line("reloaded")["worker"] for _ in range(2)} == {0, 1}


def test_workers_end_with_their_parent(served: processes.Program) -> None:
    with ending(children(served)):
        served.process.kill()


def test_an_address_that_is_taken_is_named(served: processes.Program) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "imagewire_server", "serve", "--workers", "2", "--grpc", served.address, "--no-rest"],
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, "GEMINI_API_KEY": "x"},
        check=False,
    )
    assert ended.returncode == 2
    assert served.address in ended.stderr
    assert "Traceback" not in ended.stderr
