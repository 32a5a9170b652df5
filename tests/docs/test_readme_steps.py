"""README's first steps, in order and in one folder: the demo as it is, then the commands that draw."""

import subprocess
import sys

import pytest

from tests import forked
from tests.docs.conftest import Place
from tests.docs.pages import ROOT, blocks
from tests.integration.processes import Program

pytestmark = pytest.mark.system


def test_the_demo_leaves_nothing_in_the_way_of_the_next_step(place: Place, server: Program) -> None:
    found = [block.code for block in blocks((ROOT / "README.md").read_text()) if block.language == "sh"]
    steps = [code for code in found if "make demo" in code or "imagewire draw" in code]
    assert len(steps) == 2
    assert "imagewire-server demo" in (ROOT / "Makefile").read_text()
    for _ in range(2):
        ended = forked.run([sys.executable, "-m", "imagewire_server", "demo"], cwd=place.folder, capture_output=True)
        assert ended.returncode == 0, ended.stderr
    ended = subprocess.run(
        ["sh", "-eu", "-c", steps[1]], cwd=place.folder, env=place.to_server(server), capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert {"costume.png", "costume-blue.png"} <= {path.name for path in place.folder.iterdir()}
