"""One peer with its upstream and its load: it starts, does its jobs, and its memory is measured."""

import contextlib
import dataclasses
import json
import socket
import ssl
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench import processes
from bench.job import Job, Outcome
from bench.peers.base import ROOT, Peer, Place, free_ports
from bench.pictures import Ask

if TYPE_CHECKING:
    import subprocess

_START_SECONDS = 90


class Failed(Exception):
    """A peer could not be measured."""


@dataclasses.dataclass(frozen=True, slots=True)
class Load:
    """How hard: bench.job.Job says what each field is."""

    callers: int
    seconds: float = 0.0
    requests: int = 1
    warmup: int = 0
    shared: bool = False
    limit: float = 600.0


class Session:
    """A running peer. started: seconds from its start to its serving. idle: bytes of memory then.

    pid: its process. place: where it works. log: where its output goes.
    """

    def __init__(self, peer: Peer, place: Place, load: "subprocess.Popen[str]", pid: int) -> None:
        self.peer = peer
        self.started = 0.0
        self.idle = 0
        self.pid = pid
        self.log = _log(peer, place)
        self.place = place
        self._load = load

    def run(self, surface: str, ask: Ask, load: Load) -> Outcome:
        """Load it. Raises Failed when an answer was wrong."""
        job = self.peer.job(surface, ask, self.place)
        outcome = self._ask(dataclasses.replace(job, **dataclasses.asdict(load), pid=self.pid))
        if outcome.errors:
            raise Failed(f"{outcome.errors} of {outcome.errors + outcome.requests} calls failed: {outcome.error}")
        return outcome

    def peak(self, surface: str, ask: Ask, load: Load) -> tuple[int, Outcome]:
        """The most memory under a load, in bytes, and what became of it."""
        processes.forget_peak(self.pid)
        outcome = self.run(surface, ask, load)
        return processes.memory(self.pid, "VmHWM"), outcome

    def settle(self) -> None:
        """Look at its memory once it rests."""
        processes.wait_for_rest(self.pid)
        self.idle = processes.memory(self.pid, "VmRSS")

    def _ask(self, job: Job) -> Outcome:
        assert self._load.stdin is not None  # noqa: S101
        assert self._load.stdout is not None  # noqa: S101
        self._load.stdin.write(json.dumps(dataclasses.asdict(job)) + "\n")
        self._load.stdin.flush()
        said = json.loads(self._load.stdout.readline() or '{"failed": "the load generator ended"}')
        if "failed" in said:
            raise Failed(said["failed"])
        return Outcome(**said)


@contextlib.contextmanager
def session(peer: Peer, cache: Path) -> Iterator[Session]:
    """Start upstream, load and peer; end them."""
    core, others = processes.cores()
    folder = cache / "run"
    folder.mkdir(parents=True, exist_ok=True)
    # What others install is nobody's to commit.
    (cache / ".gitignore").write_text("*\n")
    with contextlib.ExitStack() as stack:
        python = [sys.executable, "-m"]
        environment = {"PYTHONPATH": str(ROOT)}
        words = [*python, "bench.upstream", "--processes", str(len(others.split(",")))]
        upstream = stack.enter_context(processes.running(words, others, env=environment))
        load = stack.enter_context(processes.running([*python, "bench.load"], others, env=environment))
        assert upstream.stdout is not None  # noqa: S101
        place = Place(upstream.stdout.readline().strip(), folder, free_ports())
        command = peer.command(place, cache)
        if command is None:
            yield Session(peer, place, load, 0)
            return
        begun = time.perf_counter()
        log = _log(peer, place)
        server = stack.enter_context(processes.running(command.words, core, env=command.env, log=log))
        running = Session(peer, place, load, server.pid)
        try:
            serving = processes.wait_for(lambda: _serves(peer, place), server, _START_SECONDS)
        except RuntimeError as error:
            raise Failed(f"{error}; its log is {log}") from None
        running.started = serving - begun
        running.settle()
        yield running


def _log(peer: Peer, place: Place) -> Path:
    return place.folder / f"{peer.name}.log"


def _serves(peer: Peer, place: Place) -> bool:
    ports = place.ports if any(surface.startswith("gRPC") for surface in peer.surfaces) else place.ports[:1]
    try:
        for port in ports:
            socket.create_connection(("127.0.0.1", port), 1).close()
        address = f"{place.http}{peer.ready_path}"
        if peer.tls:
            trusted = ssl.create_default_context(cafile=place.authority)
            asked = urllib.request.urlopen(f"https://{address}", timeout=5, context=trusted)
        else:
            asked = urllib.request.urlopen(f"http://{address}", timeout=5)
        with asked as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
