"""The command imagewire as a process."""

import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "imagewire"]


def run(
    folder: Path, target: str, *arguments: str | bytes, stdin: bytes | None = None, **env: str
) -> subprocess.CompletedProcess[bytes]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("IMAGEWIRE_")}
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        cwd=folder,
        env={**clean, "IMAGEWIRE_TARGET": target, "COLUMNS": "200", "NO_COLOR": "1", **env},
        timeout=30,
        input=stdin,
        check=False,
    )


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
