"""A folder's Node packages, installed as its lock file says."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.compat.conftest import missing, needs


def _packages(lock: Path) -> Any:
    """What a lock file, or npm's note of what is installed, has."""
    return {name: entry for name, entry in json.loads(lock.read_text())["packages"].items() if name}


def npm_ci(folder: Path) -> None:
    """Bring node_modules up to the lock file."""
    modules = folder / "node_modules"
    note = modules / ".package-lock.json"
    if note.is_file():
        installed, wanted = _packages(note), _packages(folder / "package-lock.json")
        # An optional package may be for another system.
        if installed == {
            name: entry for name, entry in wanted.items() if name in installed or not entry.get("optional")
        }:
            return
    command = [needs("npm"), "ci", "--no-audit", "--no-fund", "--silent"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=500, check=False)
    if ended.returncode:
        missing(f"the packages of {folder}, which npm ci could not install: {ended.stderr[-500:]}")
    (modules / ".stamp").touch()  # the Makefile's
