"""The real programs as processes: started, found by the line they print, ended by their pid."""

import contextlib
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx

from tests import forked


@dataclass
class Program:
    """A running program and where it serves."""

    process: subprocess.Popen[str]
    address: str
    rest: str = ""
    admin: str = ""
    lines: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue)

    def log_line(self, event: str) -> dict[str, Any]:
        """The next line of the log that tells of this event."""
        while True:
            line = self.lines.get(timeout=60)
            if line.startswith("{") and json.loads(line)["event"] == event:
                found: dict[str, Any] = json.loads(line)
                return found

    def memory(self, field: str) -> int:
        """VmRSS (now) or VmHWM (the peak), in bytes."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        match = re.search(rf"{field}:\s+(\d+) kB", text)
        assert match is not None
        return int(match[1]) * 1024

    def forget_peak(self) -> None:
        """Let the peak start from now."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def hang_up(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)


def _command(*arguments: str, module: str = "imagewire_server") -> list[str]:
    return [sys.executable, "-m", module, *arguments]


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


@contextlib.contextmanager
def emulator() -> Iterator[Program]:
    """`imagewire-server emulate` on a free port; address is its base URL."""
    process = forked.Popen(_command("emulate", "--port", "0"), stdout=subprocess.PIPE, text=True)
    with _ended(process):
        assert process.stdout is not None
        match = re.search(r"http://\S+:\d+", process.stdout.readline())
        assert match is not None
        yield Program(process, match[0])


def _environ(base_url: str, settings: dict[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "GEMINI_API_KEY": "emulator-key",
        "GOOGLE_API_KEY": "",  # it would come first
        "IMAGEWIRE_GEMINI_BASE_URL": base_url,
        "IMAGEWIRE_VERTEX_BASE_URL": base_url,
        "IMAGEWIRE_DRAIN_DELAY": "0",  # tests stop servers by SIGTERM, and nobody asks for their health
        **{f"IMAGEWIRE_{name.upper()}": value for name, value in settings.items()},
    }


@contextlib.contextmanager
def server(
    base_url: str,
    *arguments: str,
    before: Sequence[str] = (),
    module: str = "imagewire_server",
    **settings: str,
) -> Iterator[Program]:
    """`imagewire-server serve` on free ports: address for gRPC, rest for HTTP. settings: IMAGEWIRE_ variables.

    before: a command in front of it, which becomes the server. module: another one that is the command.
    """
    workers = arguments if "--workers" in arguments else (*arguments, "--workers", "1")
    process = forked.Popen(
        [*before, *_command("serve", "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0", *workers, module=module)],
        stderr=subprocess.PIPE,
        text=True,
        env=_environ(base_url, settings),
    )
    with _ended(process):
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        # Read to the end, or the pipe fills and the server's logging waits for it.
        reader = threading.Thread(target=_read, args=(process, lines))
        reader.start()
        try:
            program = Program(process, "", lines=lines)
            serving = program.log_line("serving")
            program.address, program.rest = serving["grpc"], f"http://{serving['rest']}"
            program.admin = f"http://{serving.get('admin', '')}"
            yield program
        finally:
            process.terminate()
            reader.join(60)


@contextlib.contextmanager
def silent_server(
    base_url: str, stderr: int | None, *arguments: str, before: Sequence[str] = (), **settings: str
) -> Iterator[Program]:
    """The same with another stderr, None for a closed one; on ports that were free, because no line tells them."""
    grpc_address, rest_address = _free_addresses()
    workers = arguments if "--workers" in arguments else (*arguments, "--workers", "1")
    closing = () if stderr is not None else ("sh", "-c", 'exec "$@" 2>&-', "sh")
    process = forked.Popen(
        [*before, *closing, *_command("serve", "--grpc", grpc_address, "--rest", rest_address, *workers)],
        stderr=stderr,
        text=True,
        env=_environ(base_url, settings),
    )
    with _ended(process):
        with grpc.insecure_channel(grpc_address, options=[("grpc.max_reconnect_backoff_ms", 200)]) as channel:
            grpc.channel_ready_future(channel).result(60)
        with httpx.Client(transport=httpx.HTTPTransport(retries=5)) as client:
            assert client.get(f"http://{rest_address}/health/readiness", timeout=60).status_code == 200
        yield Program(process, grpc_address, f"http://{rest_address}")


def _free_addresses() -> tuple[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return f"127.0.0.1:{first.getsockname()[1]}", f"127.0.0.1:{second.getsockname()[1]}"


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str]) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        lines.put(line)


def outcomes(base_url: str) -> list[str]:
    """How each request to the emulator ended, once all of them have."""
    over = time.monotonic() + 30
    while "open" in (found := [entry["outcome"] for entry in ledger(base_url)]):
        assert time.monotonic() < over, found
        time.sleep(0.01)  # between two questions to another process, which would do nothing else
    return found


def ledger(base_url: str) -> list[dict[str, Any]]:
    """The emulator's ledger."""
    with urllib.request.urlopen(f"{base_url}/_emulator/requests") as answer:  # noqa: S310  # loopback
        entries: list[dict[str, Any]] = json.load(answer)
        return entries
