"""`make mesh`: what it prints, and that nothing is left of it after Ctrl-C."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.conftest import missing
from tests.mesh.containers import ROOT
from tests.mesh.topology import MissingProgramError, program

pytestmark = pytest.mark.timeout(600)


def below(pid: int) -> set[int]:
    """The processes that it has started, and those that these have."""
    children = {
        int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()
    }
    return children.union(*(below(child) for child in children))


def test_it_draws_tells_and_leaves_nothing_behind(tmp_path: Path) -> None:
    try:
        for name in ("envoy", "valkey-server", "prometheus"):
            program(name)
    except MissingProgramError as error:
        missing(str(error))
    command = [sys.executable, "-m", "tests.mesh", "--folder", str(tmp_path / "mesh")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout
            lines: list[str] = []
            for line in process.stdout:
                lines.append(line)
                if "Lines of the log" in line:  # the last of the dashboard's
                    break
            started = below(process.pid)
            assert len(started) >= 6
            process.send_signal(signal.SIGINT)
            lines += process.stdout
            assert process.wait() == 0
        finally:
            process.terminate()
    told = "".join(lines)
    picture = re.search(r"a picture: (\S+)", told)
    assert picture, told
    assert Path(picture[1]).read_bytes().startswith(b"\x89PNG")
    assert re.search(r"trace [0-9a-f]{32}\n  envoy: .+\n    envoy: .+\n      imagewire: .+\n        imagewire: ", told)
    assert re.search(r"Calls by how they ended: .*OK [\d.]+/s", told)
    assert told.endswith("stopping ...\nstopped\n")
    assert {pid for pid in started if Path(f"/proc/{pid}").exists()} == set()


def test_a_program_that_is_missing_is_named_with_what_installs_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.mesh", "--folder", str(tmp_path / "mesh")]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
    )
    assert ended.returncode == 1
    assert "Prometheus is missing: apt-get install prometheus" in ended.stderr
