"""The runner of each language, built if need be. A language whose toolchain is missing is skipped, and fails in CI."""

import sys
from collections.abc import Callable
from pathlib import Path

from tests.clients.typescript import ROOT
from tests.clients.typescript import build as build_typescript

Command = list[str | Path]


def python() -> Command:
    """The Python client, as it is installed here."""
    return [sys.executable, "-m", "tests.conformance.python_runner"]


def typescript() -> Command:
    """The TypeScript client, built from its sources."""
    return [build_typescript(), ROOT / "clients/typescript/dist/conformance/runner.js"]


LANGUAGES: dict[str, Callable[[], Command]] = {"python": python, "typescript": typescript}
