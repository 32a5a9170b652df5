"""The runner of each language, built if need be. A language whose toolchain is missing is skipped, and fails in CI."""

import sys
from collections.abc import Callable
from pathlib import Path

from tests.clients.java import command as java_command
from tests.clients.typescript import build as build_typescript
from tests.compat.conftest import needs
from tests.stubs.languages import compiler, run

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
Command = list[str | Path]


def python() -> Command:
    """The Python client, as it is installed here."""
    return [sys.executable, "-m", "tests.conformance.python_runner"]


def typescript() -> Command:
    """The TypeScript client, built from its sources."""
    return [build_typescript(), ROOT / "clients/typescript/dist/conformance/runner.js"]


def go() -> Command:
    """The Go client."""
    folder, program = ROOT / "clients/go", needs("go")
    runner = folder / "conformance/build/runner"
    # Go itself knows whether anything is to be built, and builds beside another that does.
    run(program, "build", "-o", runner, "./conformance", cwd=folder)
    return [runner]


def java() -> Command:
    """The Java client, built from its sources."""
    return [*java_command("conformance"), "dev.imagewire.conformance.Runner"]


def rust() -> Command:
    """No client, but tonic's stubs: the contract alone suffices."""
    folder, program, protoc = HERE / "rust", needs("cargo"), compiler()
    # Cargo itself knows whether anything is to be built, and waits for another that builds.
    run(program, "build", "--quiet", "--locked", "--target-dir", "build", cwd=folder, PROTOC=str(protoc))
    return [folder / "build/debug/conformance"]


LANGUAGES: dict[str, Callable[[], Command]] = {
    "python": python,
    "go": go,
    "typescript": typescript,
    "java": java,
    "rust": rust,
}
