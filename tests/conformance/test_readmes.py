"""The clients' READMEs show what is there. That every language passes every case, test_conformance shows."""

import re
from pathlib import Path

import pytest

from tests.conformance import readmes


@pytest.mark.parametrize("path", readmes.READMES, ids=lambda path: path.parent.name)
def test_a_readme_is_fresh(path: Path) -> None:
    assert path.read_text() == readmes.spliced(path), "run python -m tests.conformance.readmes"


def test_every_sample_is_shown() -> None:
    shown = re.findall(r"<!-- file: samples/(\w+)/", (readmes.CLIENTS / "go/README.md").read_text())
    assert sorted(shown) == sorted(path.parent.name for path in readmes.CLIENTS.glob("go/samples/*/main.go"))
    shown = re.findall(r"<!-- file: samples/src/main/java/(\w+)", (readmes.CLIENTS / "java/README.md").read_text())
    assert sorted(shown) == sorted(path.stem for path in readmes.CLIENTS.glob("java/samples/**/*.java"))


def test_every_case_is_in_the_table() -> None:
    assert readmes.table().count("\n") > 15
    assert f"| {len(readmes.cases.CASES)} |" in readmes.table()
