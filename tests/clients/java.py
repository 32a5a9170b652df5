"""The Java client: what Maven makes of it, once for each state of its sources."""

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

from tests.compat.conftest import needs
from tests.stubs.languages import FILES, JVM, PROTOS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "clients/java"


def maven(*arguments: str, folder: Path = FOLDER) -> None:
    """Run Maven; a failure shows all that it prints."""
    command = [needs("mvn"), "--batch-mode", "--quiet", *arguments]
    environ = {**os.environ, "MAVEN_OPTS": " ".join(JVM)}
    ended = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=500, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def sources() -> list[Path]:
    """All sources in Java."""
    return sorted(path for path in FOLDER.rglob("*.java") if "build" not in path.relative_to(FOLDER).parts)


def _digest() -> str:
    made = hashlib.sha256()
    for path in (*(PROTOS / name for name in FILES), FOLDER / "pom.xml", *sorted(FOLDER.glob("*/pom.xml")), *sources()):
        made.update(f"{path}\n".encode() + path.read_bytes())
    return made.hexdigest()


def build() -> None:
    """Build what is newer than its classes. One process does it at a time."""
    needs("java")
    stamp = FOLDER / "build/sources.sha256"
    stamp.parent.mkdir(exist_ok=True)
    with (stamp.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        digest = _digest()
        if not stamp.exists() or stamp.read_text() != digest:
            maven("-DskipTests", "package")
            stamp.write_text(digest)


def command(module: str) -> list[str | Path]:
    """How a class of a module is run: its name follows."""
    build()
    classes = os.pathsep.join(str(FOLDER / module / "build" / name) for name in ("classes", "lib/*"))
    return [needs("java"), *JVM, "-cp", classes]


if __name__ == "__main__":
    build()
