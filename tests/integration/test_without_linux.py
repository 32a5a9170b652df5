"""The server, its demo and the Python client run where nothing of Linux's own is there, as on macOS."""

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagewire import Client
from imagewire_server.process import open_files
from tests.integration.processes import emulator, ledger

pytestmark = pytest.mark.system

WITHOUT = [sys.executable, "-m", "tests.without_linux"]
PROGRAM = [*WITHOUT, "imagewire_server"]
ROOT = Path(__file__).parents[2]


def environ(folder: Path, **variables: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "state"), **variables}


def test_s10_the_demo(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*PROGRAM, "demo"], cwd=tmp_path, env=environ(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "the same" in ended.stdout


@contextlib.contextmanager
def serving(folder: Path, **settings: str) -> Iterator[str]:
    """A server in one process, at an address. It is asked to stop at the end, and stops."""
    address = f"unix:{folder}/grpc"
    arguments = ["serve", "--grpc", address, "--rest", "off", "--workers", "1"]
    variables = environ(folder, GEMINI_API_KEY="emulator-key", IMAGEWIRE_DRAIN_DELAY="0", **settings)
    with subprocess.Popen(
        [*PROGRAM, *arguments], cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            while not any('"serving"' in line for line in lines):
                lines.append(process.stdout.readline())
                assert lines[-1], lines
            yield address
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_s10_serve_answers_and_stops(tmp_path: Path) -> None:
    with serving(tmp_path) as address, Client(address) as client:
        assert client.ping().status == "SERVING"


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with emulator() as program:
        yield program.address


def test_s10_answers_are_kept(tmp_path: Path, upstream: str) -> None:
    """A large one, which has files, and a small one, which is a row of the database; also for the next server."""
    asked = {str(uuid.uuid4()): model for model in ("gemini/emulator-size-3MB", "gemini/gemini-2.5-flash-image")}
    before = len(ledger(upstream))
    drawn = []
    for _ in range(2):
        with serving(tmp_path, IMAGEWIRE_GEMINI_BASE_URL=upstream) as address, Client(address) as client:
            drawn.append([client.draw("A cat", model=model, request_id=each).data for each, model in asked.items()])
            for each in asked:
                *_, (answer, _) = client.resume(request_id=each)
                drawn.append([answer.image.data])
    assert drawn[0] == drawn[3] == drawn[1] + drawn[2] == drawn[4] + drawn[5]
    assert len(ledger(upstream)) == before + 2


def test_s10_the_command(tmp_path: Path, upstream: str) -> None:
    with serving(tmp_path, IMAGEWIRE_GEMINI_BASE_URL=upstream) as address:
        for words in (["draw", "A cat", "-o", "cat.png"], ["history"]):
            ended = subprocess.run(
                [*WITHOUT, "imagewire", *words],
                cwd=tmp_path,
                env=environ(tmp_path, IMAGEWIRE_TARGET=address),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert (ended.returncode, ended.stderr) == (0, "")
            assert "cat.png" in ended.stdout
    assert (tmp_path / "cat.png").stat().st_size


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
