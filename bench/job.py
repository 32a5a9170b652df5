"""What a load generator has to do, and what it reports: plain values that pass as a line of JSON."""

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Timing(NamedTuple):
    """One call, in seconds from its start: the picture's first byte, the end."""

    first: float
    whole: float


async def encryption(job: "Job", *protocols: str) -> ssl.SSLContext | None:
    """How a job's callers speak TLS; None for plaintext. protocols: what ALPN offers."""
    if not job.authority:
        return None
    context = await asyncio.to_thread(ssl.create_default_context, cafile=job.authority)
    context.set_alpn_protocols(protocols)
    return context


class Caller(Protocol):
    """One of those who ask. Every method raises bench.scan.Wrong where the answer is not the known one."""

    async def check(self) -> None:
        """One answer, looked at closely."""

    async def call(self) -> Timing:
        """One answer, compared byte by byte."""

    async def close(self) -> None:
        """Leave."""


@dataclass(frozen=True, slots=True)
class Job:
    """callers ask in a closed loop for `seconds`, and at least `requests` times in all."""

    protocol: str
    """http or grpc."""
    stream: bool
    address: str
    model: str
    size: int
    path: str = ""
    body: str = ""
    shape: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    prompt: str = "Draw a banana"
    authority: str = ""
    """The certificate of the authority by which a server that speaks TLS is verified, a file; "" for plaintext."""
    callers: int = 1
    seconds: float = 0.0
    requests: int = 1
    warmup: int = 1
    """Calls of each caller before the clock starts."""
    shared: bool = False
    """Whether gRPC callers share a connection, as the tasks of one client do; else each has its own."""
    limit: float = 600.0
    """Seconds after which it is broken off."""
    pid: int = 0
    """The server whose CPU time is read at the start and the end; 0 for none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Times in seconds. cpu: of the server's whole tree, while the clock ran."""

    requests: int
    errors: int
    error: str
    seconds: float
    cpu: float
    p50: float
    p99: float
    first_p50: float
    finished: bool = True
    """False where the limit came first."""
