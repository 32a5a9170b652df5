"""Which statements of a module its own test reaches: `make own-lines`, and own_lines.txt, whose numbers only fall.

The test of service/imagewire_server/core/fold.py is tests/unit/core/test_fold.py, with test_fold_SUBJECT.py beside it
where one is too long. Statements count that stand in functions: those of the module itself run when it is imported.
"""

import ast
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "service/imagewire_server"
UNIT = ROOT / "tests/unit"
TABLE = Path(__file__).with_suffix(".txt")
# The packages that do no I/O, or only that of files, so that a unit test can reach all of a module.
PURE = ("contract", "core", "formats", "providers/google/wire")
# What is nothing but I/O with Redis and object stores: integration tests run it against real ones.
_NOT_PURE = "core/store/shared"


def statements(file: Path) -> list[range]:
    """The lines of each statement that stands in a function; of one that holds others, those of its head."""
    found = {}
    tree = ast.parse(file.read_text())
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.stmt) and node is not function and not _runs_nothing(node):
                    inner = getattr(node, "body", None)
                    end = inner[0].lineno if isinstance(inner, list) else (node.end_lineno or node.lineno) + 1
                    found[node.lineno] = range(node.lineno, max(end, node.lineno + 1))
    return list(found.values())


def _runs_nothing(node: ast.stmt) -> bool:
    """A docstring, a declaration, and a type's name."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return (
        text or isinstance(node, ast.Global | ast.Nonlocal) or (isinstance(node, ast.AnnAssign) and node.value is None)
    )


def own(test: Path) -> Path:
    """The module that a test is of: the one with the longest name that the test's begins with."""
    words = test.stem.removeprefix("test_").split("_")
    folder = SERVER / test.relative_to(UNIT).parent
    names = [folder / f"{'_'.join(words[:end])}.py" for end in range(len(words), 0, -1)]
    return next((name for name in names if name.is_file()), names[0])


class Watch:
    """Sees which lines of a module run while its own tests do. A plugin of pytest, in its workers too."""

    def __init__(self) -> None:
        self.reached: dict[str, set[int]] = defaultdict(set)
        self.failed = 0
        self.crashed = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        begin = self._tracer(str(own(item.path)))
        threading.settrace(begin)
        sys.settrace(begin)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]

    def _tracer(self, file: str) -> Any:
        reached = self.reached[file]

        def line(frame: FrameType, event: str, _: Any) -> Any:
            reached.add(frame.f_lineno)
            return line

        def begin(frame: FrameType, event: str, _: Any) -> Any:
            return line if frame.f_code.co_filename == file else None

        return begin

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed += report.failed

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        told = getattr(session.config, "workeroutput", {})
        told["reached"] = {file: sorted(lines) for file, lines in self.reached.items()}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        told = getattr(node, "workeroutput", None)  # nothing of a worker that has crashed
        self.crashed |= told is None
        for file, lines in (told or {}).get("reached", {}).items():
            self.reached[file].update(lines)


def pytest_configure(config: pytest.Config) -> None:
    """Watch, in a worker."""
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Watch())


def measured() -> dict[str, list[int]]:
    """The lines of the statements of each module that its own test does not reach, where there are any."""
    watch = Watch()
    # The same examples each time, or the numbers would change.
    workers = ["-n", "2", "--dist", "worksteal", "-p", "tests.house.own_lines"]
    ended = pytest.main(["-q", "--no-header", *workers, "--hypothesis-seed=0", str(UNIT)], [watch])
    if ended or watch.failed or watch.crashed:
        sys.exit("tests fail, so what they reach says nothing")
    found = [file for package in PURE for file in sorted((SERVER / package).rglob("*.py"))]
    modules = [file for file in found if _NOT_PURE not in file.as_posix()]
    left = {
        file: sorted(one.start for one in statements(file) if watch.reached[str(file)].isdisjoint(one))
        for file in modules
    }
    return {str(file.relative_to(SERVER)): lines for file, lines in left.items() if lines}


def table() -> dict[str, int]:
    """What the table says."""
    rows = (line.split() for line in TABLE.read_text().splitlines())
    return {name: int(number) for number, name in rows}


def main() -> None:
    """Compare; write the table anew where numbers have fallen."""
    before, now = table() if TABLE.exists() else None, measured()
    grown = {name: lines for name, lines in now.items() if before is not None and len(lines) > before.get(name, 0)}
    for name, lines in grown.items():
        allowed = before.get(name, 0) if before else 0
        print(f"{name}: its own test tests/unit/{_test(name)} does not reach lines {lines}; the table allows {allowed}")
    if grown:
        sys.exit(1)
    TABLE.write_text("".join(f"{len(lines):4} {name}\n" for name, lines in sorted(now.items())))
    print(f"{sum(map(len, now.values()))} statements of {len(now)} modules are reached by no test of their own")


def _test(name: str) -> str:
    return str(Path(name).with_name(f"test_{Path(name).name}"))


if __name__ == "__main__":
    main()
