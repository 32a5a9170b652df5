"""The runner of each language, built if need be. A language whose toolchain is missing is skipped, and fails in CI."""

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
Command = list[str | Path]


def python() -> Command:
    """The Python client, as it is installed here."""
    return [sys.executable, "-m", "tests.conformance.python_runner"]


LANGUAGES: dict[str, Callable[[], Command]] = {"python": python}
