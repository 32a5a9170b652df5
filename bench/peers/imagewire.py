"""imagewire as this checkout has it, over gRPC and REST, with LiteLLM's configuration."""

import platform
import subprocess
import sys
from pathlib import Path

from bench.job import Job
from bench.peers.base import KEY, PROMPT, ROOT, Command, Place, chat
from bench.peers.litellm import write_config
from bench.pictures import Ask


class Imagewire:
    """`imagewire-server serve` of the venv that runs the bench. workers: one, as with the others, or more."""

    name = "imagewire"
    surfaces: tuple[str, ...] = ("gRPC unary", "gRPC stream", "REST unary", "REST stream")
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
        key = {"authorization": f"Bearer {KEY}"}
        stream = surface.endswith("stream")
        if surface.startswith("gRPC"):
            return Job("grpc", stream, place.grpc, ask.model, ask.size, headers=key, prompt=PROMPT)
        # The picture once, as LiteLLM sends it; by default it stands in the older field too.
        return chat(ask, place, stream=stream, shape="images", headers={**key, "x-image-fields": "images"})
