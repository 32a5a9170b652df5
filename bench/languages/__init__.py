"""The clients of each language, and the stubs that they stand on, as programs: `PROGRAM client` or `PROGRAM stub`.

Each draws small pictures (BENCH_SMALL, a model) and then large ones as streams (BENCH_LARGE) at BENCH_TARGET with
BENCH_KEY, one after another, after as many unmeasured ones; each kind for BENCH_SECONDS. It prints one line of JSON:
CPU milliseconds a small call (call_ms), MB of a stream per CPU-second (mb_per_cpu), and the bytes of a picture of each
kind (small_bytes, large_bytes).
"""

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.peers.base import ROOT, run

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Language:
    """command: how its program is started. tool: what builds it. build: builds it."""

    command: Sequence[str]
    tool: str
    build: Callable[[], object]


def _go() -> None:
    run("go", "build", "-o", "build/bench", ".", cwd=_HERE / "go")


def _node() -> None:
    client = ROOT / "clients/typescript"
    if not (client / "node_modules").exists():
        run("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=client)
    run("npm", "run", "--silent", "build", cwd=client)


def _java() -> None:
    run("mvn", "--batch-mode", "--quiet", "-DskipTests", "package", cwd=ROOT / "clients/java")


# The libraries stand beside the conformance runner; one file of Java is compiled when it is run.
_JAVA = ("java", "-cp", str(ROOT / "clients/java/conformance/build/lib/*"), str(_HERE / "java/Bench.java"))
LANGUAGES = {
    "Python": Language((sys.executable, str(_HERE / "program.py")), "python3", lambda: None),
    "Go": Language((str(_HERE / "go/build/bench"),), "go", _go),
    "TypeScript": Language(("node", str(_HERE / "program.mjs")), "npm", _node),
    "Java": Language(_JAVA, "mvn", _java),
}


@cache
def built() -> dict[str, Sequence[str]]:
    """Build the programs of the languages whose tools are here; returns their commands."""
    found = {name: one for name, one in LANGUAGES.items() if shutil.which(one.tool)}
    for one in found.values():
        one.build()
    return {name: one.command for name, one in found.items()}


def left_out() -> list[str]:
    """The languages whose tools are not here, with the name of the tool."""
    return [f"{name} ({one.tool} is missing)" for name, one in LANGUAGES.items() if not shutil.which(one.tool)]
