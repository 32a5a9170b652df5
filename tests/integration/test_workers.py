"""Several processes on the same ports: all serve, one that dies is replaced, all drain, none outlives its parent."""

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire_server.contract import pb
from tests import forked
from tests.conftest import spec
from tests.integration import processes

pytestmark = pytest.mark.system


@pytest.fixture
def served() -> Iterator[processes.Program]:
    with processes.emulator() as emulator, processes.server(emulator.address, "--workers", "2") as server:
        yield server


def children(program: processes.Program) -> set[int]:
    return set(in_order(program))


def in_order(program: processes.Program) -> list[int]:
    """Its children, the oldest first."""
    pid = program.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def first(program: processes.Program) -> int:
    """Worker 0, while none has been replaced."""
    return in_order(program)[0]


def drawn(address: str) -> str:
    """Draw over a connection of its own; the kernel chooses the worker."""
    with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        stub = chat_service_pb2_grpc.ChatServiceStub(channel)
        events = list(stub.StreamCompletion(pb.StreamCompletionRequest(spec=spec()), timeout=20))
    assert events[-1].HasField("finished")
    return str(events[0].started.completion_id)


def own_channel(address: str) -> grpc.Channel:
    """A connection of its own, for which the kernel chooses a worker."""
    return grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])


@contextlib.contextmanager
def channels(program: processes.Program) -> Iterator[tuple[list[grpc.Channel], list[grpc.Channel]]]:
    """Connections to the first worker, and to others; at least two of each. The log tells which took one."""
    found: tuple[list[grpc.Channel], list[grpc.Channel]] = ([], [])
    with contextlib.ExitStack() as stack:
        while min(map(len, found)) < 2:
            channel = stack.enter_context(own_channel(program.address))
            names(channel)
            found[program.log_line("call")["worker"]].append(channel)
        yield found


def names(channel: grpc.Channel) -> Any:
    """A call that is answered at once, by the worker itself."""
    return model_service_pb2_grpc.ModelServiceStub(channel).ListModels(pb.ListModelsRequest(), timeout=60)


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
    ended = forked.run(
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


def test_d8_a_stopped_worker_is_replaced_and_calls_of_others_go_on(served: processes.Program) -> None:
    victim = first(served)
    with channels(served) as (its, others):
        os.kill(victim, signal.SIGSTOP)
        waiting = [
            model_service_pb2_grpc.ModelServiceStub(channel).ListModels.future(pb.ListModelsRequest())
            for channel in its
        ]
        told = served.log_line("a worker does not answer and is killed")
        for call in waiting:
            assert call.code() is grpc.StatusCode.UNAVAILABLE
        served.log_line("worker serving")
        for channel in (*its, *others):
            names(channel)
    assert told["seconds"] == 8
    assert victim not in children(served)
    assert len(children(served)) == 2
    for _ in range(8):
        drawn(served.address)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_d8_all_end_within_the_grace_also_a_stopped_worker(number: signal.Signals) -> None:
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, "--workers", "2", drain_grace="1") as server,
    ):
        victim = first(server)
        with channels(server), ending(children(server)):
            os.kill(victim, signal.SIGSTOP)
            server.process.send_signal(number)
            assert server.process.wait(60) == 0
        # And not because it did not end in time.
        server.log_line("a worker does not answer and is killed")


_STUCK = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "serve" in sys.argv:
    sys.stdout.write("!.")
    sys.stdout.flush()
while True:
    time.sleep(60)
"""


@contextlib.contextmanager
def watching(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    """The program of stuck workers, and the events that it logs."""
    command = [sys.executable, "-m", "tests.integration.stuck_workers", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stderr is not None
        try:
            yield process, (json.loads(line)["event"] for line in process.stderr)
        finally:
            process.kill()


def test_d8_a_worker_that_is_stuck_is_killed_and_replaced() -> None:
    with watching("!", "60", "5") as (process, events):
        killed = "a worker does not answer and is killed"
        for _ in range(4):
            while next(events) != killed:
                pass
        assert process.poll() is None


def test_d8_a_worker_that_is_stuck_before_it_serves_is_killed() -> None:
    with watching("", "60", "5") as (process, events):
        assert set(events) == {"a worker does not answer and is killed"}
        assert process.wait(60) != 0  # as with any worker that cannot start


def test_d8_a_worker_that_ignores_sigterm_is_killed_behind_the_grace() -> None:
    with watching("!", "0.1", "1000") as (process, events):
        assert next(events) == "serving"
        process.terminate()
        assert list(events) == ["a worker did not stop in time and is killed"] * 2
        assert process.wait(60) == 0


def test_d9_a_replaced_worker_begins_with_the_last_configuration_that_was_good(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    good = "model_list: [{model_name: NAME, litellm_params: {model: gemini/gemini-2.5-flash-image}}]"
    file.write_text(good.replace("NAME", "first"))
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, "--workers", "2", "--config", str(file)) as server,
    ):
        file.write_text(good.replace("NAME", "second"))
        server.hang_up()
        assert {server.log_line("reloaded")["worker"] for _ in range(2)} == {0, 1}
        for odd in ("model_list: &a [*a]", "[" * 1000):
            file.write_text(odd)
            server.hang_up()
            assert "worker" not in server.log_line("the configuration was not reloaded")
            victims = children(server)
            for victim in victims:
                os.kill(victim, signal.SIGKILL)
            for _ in range(2):
                assert server.log_line("worker serving")["models"] == ["second"]
        file.write_text(good.replace("NAME", "third"))
        server.hang_up()
        assert {server.log_line("reloaded")["worker"] for _ in range(2)} == {0, 1}


def test_d9_a_hangup_while_workers_start_ends_none_of_them(tmp_path: Path) -> None:
    with processes.emulator() as emulator, processes.server(emulator.address, "--workers", "2") as server:
        os.kill(min(children(server)), signal.SIGKILL)
        server.log_line("a worker ended and is started again")
        while len(children(server)) < 2:  # it is there, and loads its code
            pass
        starting = children(server)
        server.hang_up()
        assert {server.log_line("reloaded")["worker"] for _ in range(2)} == {0, 1}
        assert children(server) == starting


def test_d8_the_limit_of_open_files_is_raised_to_the_hard_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with processes.emulator() as emulator:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard // 2, hard))
        try:
            with processes.server(emulator.address, "--workers", "2") as server:
                assert {resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in children(server)} == {(hard, hard)}
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
