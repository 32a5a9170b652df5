"""The TypeScript client's packages, installed as its lock says, and what its compiler makes of it."""

import fcntl
import subprocess
from pathlib import Path

from tests.compat.conftest import needs
from tests.npm import npm_ci

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "clients/typescript"


def run(program: str, *arguments: str, cwd: Path = FOLDER, **environ: str) -> subprocess.CompletedProcess[str]:
    """A program's end. It is skipped by name where it is not installed."""
    command = ["/usr/bin/env", *(f"{name}={value}" for name, value in environ.items()), needs(program), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=500, check=False)


def build() -> str:
    """Install and compile what is newer than its compilation; returns Node's path. One process does it at a time."""
    node = needs("node")
    needs("npm")
    stamp = FOLDER / "dist/.stamp"
    stamp.parent.mkdir(exist_ok=True)
    with (FOLDER / "dist/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        npm_ci(FOLDER)
        folders = ("src", "test", "samples", "conformance", "web")
        names = [name for folder in folders for name in (FOLDER / folder).rglob("*.ts")]
        newest = max(path.stat().st_mtime for path in (*names, FOLDER / "package.json", FOLDER / "tsconfig.json"))
        if not stamp.exists() or stamp.stat().st_mtime < newest:
            ended = run("npm", "run", "--silent", "build")
            assert ended.returncode == 0, ended.stdout + ended.stderr
            stamp.touch()
    return node
