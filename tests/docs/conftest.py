"""Where the pages' blocks run: a folder with what they name, before the real server and the real emulator."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import certifi
import pytest

from tests.docs import standins
from tests.integration import processes
from tests.integration.processes import Program
from tests.pictures import PNG

KEY = "emulator-key"


@pytest.fixture(scope="session")
def emulator() -> Iterator[Program]:
    with processes.emulator() as made:
        yield made


@pytest.fixture(scope="session")
def server(emulator: Program) -> Iterator[Program]:
    with processes.server(emulator.address) as made:
        yield made


@dataclass(frozen=True)
class Place:
    """A folder in which blocks run."""

    folder: Path
    emulator: Program

    def environ(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Without what the tests' own shell may have set."""
        ours = ("IMAGEWIRE_", "GEMINI_", "VERTEXAI_")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        path = f"{self.folder / '.venv/bin'}:/usr/bin:/bin"
        state = str(self.folder / ".state")
        fixed = {"PATH": path, "GEMINI_API_KEY": KEY, "LITELLM_KEY": "sk-any", "XDG_STATE_HOME": state}
        return {**clean, **fixed, **variables}

    def to_server(self, server: Program) -> dict[str, str]:
        """An environment that names a server."""
        return self.environ({"IMAGEWIRE_TARGET": server.address})

    def embedded(self) -> dict[str, str]:
        """An environment in which a server in the process itself draws."""
        return self.environ({"IMAGEWIRE_TARGET": "embedded", "IMAGEWIRE_GEMINI_BASE_URL": self.emulator.address})


@pytest.fixture
def place(tmp_path: Path, emulator: Program) -> Place:
    commands = tmp_path / ".venv/bin"
    commands.mkdir(parents=True)
    real = {"imagewire": [str(standins.BIN / "imagewire")], "python": [sys.executable]}
    stood_in = {name: [sys.executable, standins.__file__, name] for name in standins.NAMES}
    for name, command in (real | stood_in).items():
        file = commands / name
        file.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        file.chmod(0o755)
    (tmp_path / "pictures").mkdir()
    shutil.copy(certifi.where(), tmp_path / "ca.pem")
    shutil.copy(standins.ROOT / ".env.example", tmp_path)
    for name in ("cat.png", "in.png", "sofa.png"):
        (tmp_path / name).write_bytes(PNG)
    return Place(tmp_path, emulator)
