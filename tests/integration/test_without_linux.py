"""The server, its demo and the Python client run where nothing of Linux's own is there, as on macOS."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagewire import Client
from imagewire_server.process import open_files

pytestmark = pytest.mark.system

PROGRAM = [sys.executable, "-m", "tests.without_linux", "imagewire_server"]
ROOT = Path(__file__).parents[2]


def environ(**variables: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}


def test_s10_the_demo(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*PROGRAM, "demo"], cwd=tmp_path, env=environ(), capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "the same" in ended.stdout


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in one process, and its address."""
    address = f"unix:{tmp_path}/grpc"
    arguments = ["serve", "--grpc", address, "--rest", "off", "--workers", "1"]
    variables = environ(GEMINI_API_KEY="k", IMAGEWIRE_DRAIN_DELAY="0")
    with subprocess.Popen(
        [*PROGRAM, *arguments], cwd=tmp_path, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process, address
        finally:
            process.kill()


def test_s10_serve_answers_and_stops(served: tuple[subprocess.Popen[str], str]) -> None:
    process, address = served
    assert process.stdout is not None
    lines = []
    while not any('"serving"' in line for line in lines):
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    with Client(address) as client:
        assert client.ping().status == "SERVING"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_s10_where_the_hard_limit_of_open_files_is_refused_a_lower_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS says that there is no limit, and takes no more than 10240."""
    given: list[int] = []

    def setrlimit(_: int, limits: tuple[int, int]) -> None:
        if limits[0] > 10240:
            raise ValueError("current limit exceeds maximum limit")
        given.append(limits[0])

    monkeypatch.setattr("resource.getrlimit", lambda _: (256, 2**63 - 1))
    monkeypatch.setattr("resource.setrlimit", setrlimit)
    open_files.raise_limit()
    assert given == [10240]
