"""The log's reader is gone, stalls, or the disk is full: no call notices, and SIGTERM ends all within the grace."""

import contextlib
import fcntl
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.integration import processes
from tests.integration.processes import Program
from tests.integration.test_metrics import read, value
from tests.pictures import encoded

pytestmark = pytest.mark.system

GRACE = 10
CALLS = 15


@contextlib.contextmanager
def unread() -> Iterator[int]:
    """A pipe of one page that nobody reads: a few lines fill it."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    yield writing
    os.close(reading)
    os.close(writing)


@contextlib.contextmanager
def gone() -> Iterator[int]:
    """A pipe whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@contextlib.contextmanager
def full() -> Iterator[int]:
    """A file on a disk without space."""
    with Path("/dev/full").open("wb") as file:
        yield file.fileno()


@contextlib.contextmanager
def closed() -> Iterator[None]:
    """No stderr at all."""
    yield None


SINKS = {"unread": unread, "gone": gone, "full": full, "closed": closed}


def drawn(chat: Any, model: str = "gemini/emulator-size-100KB") -> None:
    events = list(chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec(model)), timeout=60))
    assert events[-1].HasField("finished")


def drawn_over_rest(server: Program) -> None:
    body = {"model": "gemini/emulator-size-100KB", "messages": [{"role": "user", "content": "A banana"}]}
    assert httpx.post(f"{server.rest}/v1/chat/completions", json=body, timeout=60, trust_env=False).status_code == 200


def refused(server: Program) -> None:
    assert httpx.get(f"{server.rest}/v1/models/none", timeout=60, trust_env=False).status_code == 404


def dropped(server: Program, reason: str) -> float:
    page = httpx.get(f"{server.rest}/metrics", timeout=60, trust_env=False).text
    return value(read(page), "imagewire_log_lines_dropped_total", reason=reason)


@pytest.mark.parametrize(("sink", "workers"), [*((sink, "1") for sink in SINKS), ("unread", "2"), ("gone", "2")])
def test_d6_a_log_that_nobody_takes_costs_no_call_and_delays_no_stop(sink: str, workers: str) -> None:
    with (
        processes.emulator() as emulator,
        SINKS[sink]() as stderr,
        processes.silent_server(
            emulator.address, stderr, "--workers", workers, log_level="debug", drain_grace=str(GRACE)
        ) as server,
        grpc.insecure_channel(server.address) as channel,
        ThreadPoolExecutor(8) as callers,
    ):
        chat = chat_service_pb2_grpc.ChatServiceStub(channel)
        calls = [callers.submit(drawn, chat) for _ in range(CALLS)]
        calls += [callers.submit(drawn_over_rest, server) for _ in range(CALLS)]
        calls += [callers.submit(refused, server) for _ in range(CALLS)]
        for call in calls:
            call.result()
        assert len(processes.ledger(emulator.address)) == 2 * CALLS
        if sink in ("gone", "full"):
            assert dropped(server, "unwritable") > CALLS
        last = chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec("gemini/emulator-drip-1000-400000")))
        next(last)
        server.ask_to_stop()
        assert list(last)[-1].HasField("finished")
        assert server.process.wait(GRACE) == 0
        assert len(processes.ledger(emulator.address)) == 2 * CALLS + 1


def test_d6_when_a_full_disk_has_room_again_the_log_goes_on_and_tells_of_the_lost(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with (
        processes.emulator() as emulator,
        file.open("wb") as stderr,
        processes.silent_server(emulator.address, stderr.fileno()) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        chat = chat_service_pb2_grpc.ChatServiceStub(channel)
        pid = server.process.pid
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (file.stat().st_size + 10, most))
        for _ in range(5):
            drawn(chat)
        # A scrape is a call too, and its line is lost like the others'.
        while (lost := dropped(server, "unwritable")) < 5:
            pass
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
        drawn(chat)
        server.ask_to_stop()
        assert server.process.wait(GRACE) == 0
    lines = file.read_text().splitlines()
    whole = [json.loads(line) for line in lines if line.endswith("}")]
    assert len(lines) - len(whole) == 1  # the one that met the end of the disk
    notices = [line["lines"] for line in whole if line["event"] == "log lines dropped"]
    assert sum(notices) >= lost
    draws = [line for line in whole if line["event"] == "call" and line["method"].endswith("StreamCompletion")]
    assert 1 <= len(draws) <= 2


def tmpfs(folder: Path) -> list[str]:
    """A command in front of another one: run it with a full disk of 256 KiB mounted on `folder`."""
    script = 'mount -t tmpfs -o size=256k tmpfs "$TMPDIR" && { cat /dev/zero >"$TMPDIR/filler" 2>&-; exec "$@"; }'
    return ["unshare", "--mount", "--map-root-user", "env", f"TMPDIR={folder}", "sh", "-c", script, "sh"]


def may_mount(folder: Path) -> bool:
    try:
        return subprocess.run([*tmpfs(folder), "true"], capture_output=True, check=False, timeout=60).returncode == 0
    except FileNotFoundError:
        return False


def drawn_large(server: Program) -> None:
    """An answer of more than is held in memory, so that it asks for a file."""
    body = {"model": "gemini/emulator-size-2MB", "messages": [{"role": "user", "content": "A banana"}]}
    answer = httpx.post(f"{server.rest}/v1/chat/completions", json=body, timeout=60, trust_env=False)
    assert answer.status_code == 200
    assert len(answer.content) > 2 * 2_000_000 * 4 / 3


def edited(server: Program) -> None:
    """A picture of some megabytes is sent as a form."""
    answer = httpx.post(
        f"{server.rest}/v1/images/edits",
        data={"model": "gemini/emulator-size-100KB", "prompt": "A banana"},
        files={"image": encoded("PNG", 1500, 1500, compress_level=0)},
        timeout=60,
        trust_env=False,
    )
    assert answer.status_code == 200


def test_d7_a_full_folder_of_temporary_files_costs_no_call(tmp_path: Path) -> None:
    if not may_mount(tmp_path):
        pytest.skip("this user may mount nothing")
    with (
        processes.emulator() as emulator,
        full() as stderr,
        processes.silent_server(
            emulator.address, stderr, "--workers", "2", before=tmpfs(tmp_path), drain_grace=str(GRACE)
        ) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        chat = chat_service_pb2_grpc.ChatServiceStub(channel)
        for _ in range(8):
            drawn(chat, "gemini/emulator-size-2MB")
            drawn_large(server)
            edited(server)
        assert len(processes.ledger(emulator.address)) == 24
        # A call is counted when its client has the answer already.
        counted = 0.0
        while counted < 24:
            page = httpx.get(f"{server.rest}/metrics", timeout=60, trust_env=False).text
            counted = sum(number for (name, _), number in read(page).items() if name == "imagewire_calls_total")
        server.ask_to_stop()
        assert server.process.wait(GRACE) == 0


def test_d7_a_disk_that_takes_no_byte_costs_no_answer() -> None:
    with processes.emulator() as emulator, processes.server(emulator.address) as server:
        pid = server.process.pid
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
        drawn_large(server)
        edited(server)
        server.log_line("no space in the folder of temporary files")
        assert len(processes.ledger(emulator.address)) == 2


def test_d7_no_worker_keeps_anything_in_a_folder(tmp_path: Path) -> None:
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, "--workers", "2", before=["env", f"TMPDIR={tmp_path}"]) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        drawn(chat_service_pb2_grpc.ChatServiceStub(channel))
        assert list(tmp_path.iterdir()) == []


def test_d6_of_a_failed_start_only_our_own_line_is_printed() -> None:
    """gRPC's core would print one of its own, by itself, in any thread."""
    with processes.emulator() as emulator, processes.server(emulator.address) as server:
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "imagewire_server",
                "serve",
                "--workers",
                "1",
                "--no-rest",
                "--grpc",
                server.address,
            ],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "GEMINI_API_KEY": "x"},
            check=False,
        )
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
