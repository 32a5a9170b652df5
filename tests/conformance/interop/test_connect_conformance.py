"""The conformance suite of Connect and gRPC-Web against the application that serves our own services by them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from grpc_tools import protoc

from tests.compat.conftest import missing, needs
from tests.stubs.languages import run

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FOLDER = HERE / "connect"
RUNNER = FOLDER / "build/connectconformance"
FILES = [f"connectrpc/conformance/v1/{name}.proto" for name in ("config", "server_compat", "service")]


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    """The suite's messages, which are in its Go module beside the runner."""
    if not RUNNER.exists():
        missing("Connect's conformance runner: install Go, and run make interop")
    module = run(needs("go"), "list", "-C", FOLDER, "-m", "-f", "{{.Dir}}", "connectrpc.com/conformance").strip()
    common = Path(protoc.__file__).parent / "_proto"
    made = tmp_path / "messages.bin"
    options = [f"-I{module}/proto", f"-I{common}", f"--descriptor_set_out={made}"]
    assert protoc.main(["", *options, *FILES]) == 0
    return made


@pytest.mark.timeout(600)
def test_the_suite_passes(messages: Path) -> None:
    server = [sys.executable, "-m", "tests.conformance.interop.connect_server", messages]
    command = [RUNNER, "--mode", "server", "--conf", FOLDER / "features.yaml", "--", *server]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)
    counted = re.search(r"^Total cases: (\d+)\n(\d+) passed, (\d+) failed", ended.stdout, re.MULTILINE)
    assert counted, ended.stdout[-2000:] + ended.stderr[-2000:]
    assert int(counted[3]) == 0, ended.stdout[-4000:]
    assert int(counted[2]) == int(counted[1]) >= 680
