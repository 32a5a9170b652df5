"""What only Linux has is used in one module, whose callers do without it elsewhere."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.test_dependencies import ROOT
from tests.without_linux import TAKEN

ONE = ROOT / "service/imagewire_server/linux.py"
# malloc, which is the C library's.
OTHERS = {ROOT / "service/imagewire_server/process/allocator.py"}
CODE = [path for folder in ("service", "clients/python") for path in (ROOT / folder).rglob("*.py") if path != ONE]
NAMES = {f"{module.__name__}.{name}" for module, names in TAKEN.items() for name in names}
FOLDERS = ("/proc/", "/sys/", "/dev/" + "shm")


def uses(path: Path) -> Iterator[str]:
    """The names and paths of Linux's in a module."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Attribute(value=ast.Name(module), attr=name) if f"{module}.{name}" in NAMES:
                yield f"{module}.{name}"
            case ast.ImportFrom(module=str(module), names=names):
                yield from ({f"{module}.{each.name}" for each in names} & NAMES)
            case ast.Import(names=names) if any(each.name == "ctypes" for each in names) and path not in OTHERS:
                yield "ctypes"
            case ast.Constant(value=str(text)) if text.startswith(FOLDERS):
                yield text


def test_it_stands_in_one_module() -> None:
    assert set(uses(ONE)) > {"os.memfd_create", "socket.TCP_INFO", "/proc/self/fd"}, "what is looked for is found"
    assert {path.relative_to(ROOT).as_posix(): found for path in CODE if (found := set(uses(path)))} == {}
