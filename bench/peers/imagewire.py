"""imagewire as this checkout has it, over gRPC and REST, with LiteLLM's configuration."""

import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from bench.job import Job
from bench.peers.base import KEY, ROOT, Command, Peer, Place, chat, completion
from bench.peers.litellm import write_config
from bench.pictures import Ask
from imagewire_server import development_certificates

# What a setting is compared by.
_COMPARED = frozenset({"small", "large"})


class Imagewire(Peer):
    """`imagewire-server serve` of the venv that runs the bench. workers: one, as with the others, or more."""

    name = "imagewire"
    surfaces = ("gRPC unary", "gRPC stream", "REST unary", "REST stream")
    ready_path = "/health/readiness"

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers

    def install(self, folder: Path) -> None:
        """It is here."""

    def version(self, folder: Path) -> str:
        """The commit, "+" where files differ from it."""
        words = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
        commit = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
        return f"{commit or 'no commit'}, Python {platform.python_version()}"

    def command(self, place: Place, folder: Path) -> Command:
        """As its users start it; its log is on."""
        words = [sys.executable, "-m", "imagewire_server", "serve", "--config", str(write_config(place))]
        return Command([*words, "--grpc", place.grpc, "--rest", place.http, "--workers", str(self._workers)])

    def job(self, surface: str, ask: Ask, place: Place) -> Job:
        """A completion of the contract, or OpenAI's."""
        if surface.startswith("gRPC"):
            return completion(surface, ask, place)
        # The picture once, as LiteLLM sends it; by default it stands in the older field too.
        headers = {"authorization": f"Bearer {KEY}", "x-image-fields": "images"}
        return chat(ask, place, stream=surface == "REST stream", shape="images", headers=headers)


class WithoutKeep(Imagewire):
    """Nothing is kept."""

    name = "imagewire keep off"
    cases = _COMPARED

    def command(self, place: Place, folder: Path) -> Command:
        """The same server."""
        return replace(super().command(place, folder), env={"IMAGEWIRE_KEEP": "off"})


class WithTelemetry(Imagewire):
    """Spans and figures go to a collector, whose part the upstream plays."""

    name = "imagewire telemetry"
    cases = _COMPARED

    def command(self, place: Place, folder: Path) -> Command:
        """The same server."""
        return replace(super().command(place, folder), env={"OTEL_EXPORTER_OTLP_ENDPOINT": place.upstream})


class WithTls(Imagewire):
    """Both APIs speak TLS; the callers verify its certificate."""

    name = "imagewire TLS"
    cases = _COMPARED
    tls = True

    def command(self, place: Place, folder: Path) -> Command:
        """The same server."""
        authority = place.authority.parent
        authority.mkdir(exist_ok=True)
        development_certificates.make(authority, (), "", days=1, force=True)
        cert, key = authority / "server.pem", authority / "server.key"
        given = super().command(place, folder)
        return replace(given, words=[*given.words, "--tls-cert", str(cert), "--tls-key", str(key)])

    def job(self, surface: str, ask: Ask, place: Place) -> Job:
        """The same, by TLS."""
        return replace(super().job(surface, ask, place), authority=str(place.authority))
