"""What is declared of dependencies is true: the lowest versions are those that `make lowest` tests."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
OWN = {"imagewire", "imagewire-server"}


def _declared() -> dict[str, list[Requirement]]:
    """What the two distributions and the command need, by name."""
    found: dict[str, list[Requirement]] = {}
    for folder in (ROOT, ROOT / "clients/python"):
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        extras = project.get("optional-dependencies", {})
        for text in (*project["dependencies"], *(text for extra in extras.values() for text in extra)):
            requirement = Requirement(text)
            if requirement.name not in OWN:
                found.setdefault(requirement.name, []).append(requirement)
    return found


DECLARED = _declared()


@pytest.mark.parametrize("name", DECLARED)
def test_the_lowest_version_is_the_tested_one(name: str) -> None:
    pinned = re.search(rf"^{re.escape(name)}==(\S+)", (ROOT / "requirements-lowest.lock").read_text(), re.MULTILINE)
    assert pinned, "run make lock"
    lows = [Version(part.version) for one in DECLARED[name] for part in one.specifier if part.operator == ">="]
    assert len(lows) == len(DECLARED[name]), "a lower bound each"
    assert max(lows) == Version(pinned[1]), "declare the lowest version that there is, and run make lock"


def test_the_lowest_client_is_the_one_that_imports_its_stubs() -> None:
    project = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text())["project"]
    lock = (ROOT / "tests/stubs/python/protobuf-6.31.lock").read_text()
    pinned = {name: Version(version) for name, version in re.findall(r"^([\w-]+)==(\S+)", lock, re.MULTILINE)}
    for requirement in map(Requirement, project["dependencies"]):
        (low,) = (part.version for part in requirement.specifier if part.operator == ">=")
        assert pinned[requirement.name] == Version(low), "run make lock"
