"""The Go client: its format, its own tests, its samples against a server, and its README's first program."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.authority import Authority
from tests.compat.conftest import needs
from tests.conformance.languages import ROOT
from tests.integration import processes
from tests.stubs.languages import run

pytestmark = pytest.mark.timeout(600)  # A first run compiles gRPC.

CLIENT = ROOT / "clients/go"
# What each sample prints, and the files that it leaves.
SAMPLES = {
    "draw": (r"", {"banana.png"}),
    "stream": (r"\d{6,} bytes, image/png\n", {"banana.png"}),
    "edit": (r"(.*\n(A red bicycle|Make it blue|Add a basket): 1024 x 1024\n){3}", set()),
    "errors": (r"no such model\n", set()),
    "cancel": (r"cancelled\n", set()),
    "deadline": (r"too late\n", set()),
    "tls": (r"SERVING\n", set()),
    "resume": (r"true\n", set()),
    "many": (r"((banana|cherry|lemon|plum)\n){4}", {"banana.png", "cherry.png", "lemon.png", "plum.png"}),
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("kept")
    with processes.emulator() as emulator, processes.server(emulator.address, keep_dir=str(folder)) as server:
        yield server.address


@pytest.fixture(scope="module")
def samples() -> Path:
    """The folder of the programs."""
    built = CLIENT / "samples/build"
    run(needs("go"), "build", "-o", f"{built}/", "./samples/...", cwd=CLIENT)
    return built


def _printed(program: Path, folder: Path, target: str) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("IMAGEWIRE_")}
    ended = subprocess.run(
        [program], cwd=folder, env={**environ, "IMAGEWIRE_TARGET": target}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - {"tls"}))
def test_a_sample_runs(name: str, samples: Path, target: str, tmp_path: Path) -> None:
    printing, files = SAMPLES[name]
    assert re.fullmatch(printing, _printed(samples / name, tmp_path, target))
    assert {path.name for path in tmp_path.iterdir()} == files
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.iterdir())


def test_the_sample_of_tls_runs(samples: Path, tmp_path: Path) -> None:
    authority = Authority("samples")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    cert, key = authority.issue("127.0.0.1").write(tmp_path, "server")
    authority.issue(name="client").write(tmp_path, "client")
    tls = {"tls_cert": str(cert), "tls_key": str(key), "tls_client_ca": str(tmp_path / "ca.pem")}
    with processes.emulator() as emulator, processes.server(emulator.address, keep="off", **tls) as server:
        assert _printed(samples / "tls", tmp_path, server.address) == SAMPLES["tls"][0].replace("\\n", "\n")


def test_every_sample_has_a_test() -> None:
    assert {path.parent.name for path in CLIENT.glob("samples/*/main.go")} == SAMPLES.keys()


def test_the_readmes_first_program_runs_in_an_empty_module(target: str, tmp_path: Path) -> None:
    (code,) = re.findall(r"```go\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)[:1]
    (tmp_path / "main.go").write_text(code)
    module = "github.com/imagewire/imagewire/clients/go"
    (tmp_path / "go.mod").write_text(
        f"module example.com/empty\n\ngo 1.26.0\n\nrequire {module} v0.0.0\n\nreplace {module} => {CLIENT}\n"
    )
    shutil.copy(CLIENT / "go.sum", tmp_path)
    run(needs("go"), "build", "-mod=mod", "-o", "program", ".", cwd=tmp_path)
    _printed(tmp_path / "program", tmp_path, target)
    assert (tmp_path / "banana.png").read_bytes().startswith(b"\x89PNG")


def test_the_format() -> None:
    needs("go")
    ours = [path for path in CLIENT.rglob("*.go") if CLIENT / "imagewire" not in path.parents]
    assert run(needs("gofmt"), "-l", *ours) == ""


def test_vet_and_staticcheck() -> None:
    tools = CLIENT / "tools"
    environ = {"GOBIN": str(tools / "build")}
    run(needs("go"), "install", "honnef.co/go/tools/cmd/staticcheck", cwd=tools, **environ)
    run(needs("go"), "vet", "./...", cwd=CLIENT)
    run(tools / "build/staticcheck", "./...", cwd=CLIENT)


def test_its_own_tests() -> None:
    run(needs("go"), "test", "-race", "./...", cwd=CLIENT)


def test_sixteen_streams_at_once_take_little_memory() -> None:
    """16 pictures of 20 MB that are written while they arrive: the whole process stays under 64 MiB."""
    run(needs("go"), "test", "-count=1", "-run", "TestMemory", ".", cwd=CLIENT, IMAGEWIRE_TEST_MEMORY="1")


def test_it_needs_few_modules() -> None:
    direct = re.findall(r"^\t(\S+) v\S+$", (CLIENT / "go.mod").read_text(), re.MULTILINE)
    assert set(direct) <= {
        "google.golang.org/genproto/googleapis/rpc",
        "google.golang.org/grpc",
        "google.golang.org/protobuf",
    }
