"""docs/dependencies.md names every use of another package's private names, with files, tests and bounds that exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house.test_dependencies import DECLARED, OWN, ROOT

SERVER = ROOT / "service/imagewire_server"
CODE = [
    path
    for folder in ("service", "clients/python/imagewire")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "imagewire/v1" not in path.as_posix()
]
OWN_PACKAGES = {name.replace("-", "_") for name in OWN} | {"imagewire_emulator"}


class Row(NamedTuple):
    """A row of the table."""

    what: str
    files: list[Path]
    tests: list[tuple[Path, str]]
    bound: str


def _rows() -> list[Row]:
    text = (ROOT / "docs/dependencies.md").read_text()
    rows = []
    for line in text[text.index("\n## Private and undocumented APIs") :].splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 6 or cells[0] in {"What", "---"}:
            continue
        what, where, _, _, tests, bound = cells
        files = [ROOT / name if name.startswith("clients/") else SERVER / name for name in re.findall("`(.+?)`", where)]
        found = [(ROOT / path, name) for path, name in re.findall("`(.+?)::(.+?)`", tests)]
        rows.append(Row(what, files, found, bound))
    return rows


ROWS = _rows()


def _names(tree: ast.AST) -> tuple[set[str], set[str]]:
    """The names that a module defines, and the private ones that it takes from elsewhere, as far as can be seen."""
    defined: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                defined.add(name)
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                defined.add(name)
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
                used.add(f"super().{name}")
            case ast.Attribute(attr=name):
                used.add(name)
            case ast.Constant(value=str() as text) if re.fullmatch("_[a-z]+(?:_[a-z]+)*", text):
                used.add(text)
            case ast.ImportFrom(module=str() as module, names=names) if module.split(".")[0] not in OWN_PACKAGES:
                used |= {f"import {part}" for part in (*module.split("."), *(name.name for name in names))}
            case ast.Import(names=names):
                used |= {f"import {part}" for name in names for part in name.name.split(".")}
            case _:
                pass
    return defined, used


def _foreign() -> Iterator[tuple[Path, str]]:
    """The private names of other packages, with the modules that use them."""
    seen = {path: _names(ast.parse(path.read_text())) for path in CODE}
    defined = set().union(*(names for names, _ in seen.values()))
    for path, (_, used) in seen.items():
        for how, name in (re.fullmatch(r"(import |super\(\)\.)?(.*)", each).groups("") for each in used):
            if re.match("_[^_]", name) and (how or name not in defined):
                yield path, name


def test_the_table_has_rows() -> None:
    assert len(ROWS) > 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what[:60])
def test_a_rows_files_tests_and_bound_exist(row: Row) -> None:
    assert row.files
    for path in row.files:
        assert path.is_file(), path
    assert row.tests, "a test fails when it changes"
    for path, name in row.tests:
        assert re.search(rf"^(?:async )?def {name}\(", path.read_text(), re.MULTILINE), f"{path}::{name}"
    bounds = re.findall(r"`([\w-]+)(<[\d.]+)`", row.bound)
    assert bounds or row.bound.startswith("none: "), "a bound, or why there is none"
    for name, bound in bounds:
        declared = {str(part) for one in DECLARED[name] for part in one.specifier}
        assert bound in declared, f"{name} is declared with {declared}"


def test_each_private_name_has_its_row() -> None:
    """One test, because the names are found by parsing all modules, which each worker would do when it collects."""
    found = set(_foreign())
    assert found
    assert not [
        f"{path.relative_to(ROOT)} uses {name}: do without it, or say why in docs/dependencies.md"
        for path, name in sorted(found)
        if not any(path in row.files and f"`{name}`" in row.what for row in ROWS)
    ]


def test_private_names_are_seen() -> None:
    tree = ast.parse("from uvicorn._types import A\nimport x._y\nself._b\nsuper()._c()\nname == '_d'\nself._e = 1")
    defined, used = _names(tree)
    assert {"import _types", "import _y", "_b", "super()._c", "_d"} <= used
    assert defined == {"_e"}
