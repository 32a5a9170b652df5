"""The contract by hand: the Go server of bench/go, over gRPC. One provider, a key, a hash, a log line, no more."""

from pathlib import Path

from bench.job import Job
from bench.peers.base import KEY, ROOT, Command, Peer, Place, completion, run
from bench.pictures import Ask

_SOURCES = ROOT / "bench/go"


class Go(Peer):
    """A bound: what the contract costs without what imagewire does beside it."""

    name = "Go"
    surfaces = ("gRPC unary", "gRPC stream")
    ready_path = "/ready"
    tool = "go"

    def install(self, folder: Path) -> None:
        """Compile it; Go's own cache knows what has not changed."""
        run("go", "build", "-o", str(_program(folder)), ".", cwd=_SOURCES)

    def version(self, folder: Path) -> str:
        """Its gRPC's and Go's."""
        built = run("go", "version", "-m", str(_program(folder)))
        grpc = next(line.split()[2] for line in built.splitlines() if line.split()[1:2] == ["google.golang.org/grpc"])
        return f"by hand, grpc-go {grpc}, {built.split()[1]}"

    def command(self, place: Place, folder: Path) -> Command:
        """Its log is on."""
        where = ["-address", place.grpc, "-health", place.http]
        return Command([str(_program(folder)), *where, "-upstream", place.upstream, "-key", KEY])

    def job(self, surface: str, ask: Ask, place: Place) -> Job:
        """A completion of the contract."""
        return completion(surface, ask, place)


def _program(folder: Path) -> Path:
    return folder / "go" / "bound"
