"""What the measuring needs to know of a peer."""

import json
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bench.job import Job
from bench.pictures import Ask

ROOT = Path(__file__).parents[2]
KEY = "sk-bench"
PROMPT = "Draw a banana"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one peer is to work. upstream: its base URL. folder: for its files. ports: free ones, for HTTP and gRPC."""

    upstream: str
    folder: Path
    ports: tuple[int, int]

    @property
    def http(self) -> str:
        """The address for HTTP."""
        return f"127.0.0.1:{self.ports[0]}"

    @property
    def authority(self) -> Path:
        """Where a peer that speaks TLS leaves the certificate of its authority."""
        return self.folder / "tls/ca.pem"

    @property
    def grpc(self) -> str:
        """The address for gRPC."""
        return f"127.0.0.1:{self.ports[1]}"


@dataclass(frozen=True, slots=True)
class Command:
    """How to start it; its settings go by the environment."""

    words: Sequence[str]
    env: dict[str, str] = field(default_factory=dict)


class Peer(Protocol):
    """One peer. surfaces: by which it can be asked, for example "gRPC stream".

    ready_path: of what answers 200 when it serves. cases: of bench.cases, all where it is empty. tool: the program that
    must be here to install it, "" for none. tls: whether it speaks TLS, with a certificate by `Place.authority`.
    """

    name: str
    surfaces: tuple[str, ...]
    ready_path: str
    cases: frozenset[str] = frozenset()
    tool: str = ""
    tls: bool = False

    def install(self, folder: Path) -> None:
        """Install it into its own environment under the folder, unless it is there."""

    def version(self, folder: Path) -> str:
        """What is installed."""

    def command(self, place: Place, folder: Path) -> Command | None:
        """How to start it; None where nothing is to be started."""

    def job(self, surface: str, ask: Ask, place: Place) -> Job:
        """One caller's question."""


def free_ports() -> tuple[int, int]:
    """Two ports nobody listens on now, for those that cannot take port 0."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def chat(ask: Ask, place: Place, *, stream: bool, shape: str, headers: dict[str, str]) -> Job:
    """A chat completion in OpenAI's shape."""
    body: dict[str, Any] = {
        "model": ask.model,
        "messages": [{"role": "user", "content": PROMPT}],
        "modalities": ["image", "text"],
        "stream": stream,
    }
    path = "/v1/chat/completions"
    whole = json.dumps(body)
    return Job("http", stream, place.http, ask.model, ask.size, path, whole, shape, headers)


def completion(surface: str, ask: Ask, place: Place) -> Job:
    """A completion of the contract, over gRPC."""
    headers = {"authorization": f"Bearer {KEY}"}
    return Job("grpc", surface == "gRPC stream", place.grpc, ask.model, ask.size, headers=headers, prompt=PROMPT)


def run(*words: str, cwd: Path | None = None) -> str:
    """A command to its end; what it printed. Raises SystemExit with its last lines when it fails."""
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(words[:4])} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout.strip()
