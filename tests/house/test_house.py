"""The order of the house: what linters do not see."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_FILES = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
TRACKED = [ROOT / name for name in _FILES if name and (ROOT / name).is_file()]
GENERATED = ROOT / "clients/python/imagewire/v1"
MODULES = [
    path
    for path in TRACKED
    if path.suffix == ".py"
    and path.is_relative_to(ROOT)
    and GENERATED not in path.parents
    and "tests" not in path.parts
]
# Still to be split.
_LONG = {"tests/unit/config/test_load.py"}
TESTS = [
    path
    for path in TRACKED
    if path.suffix == ".py" and ROOT / "tests" in path.parents and str(path.relative_to(ROOT)) not in _LONG
]


def test_the_modules_are_short_and_say_what_they_are() -> None:
    assert MODULES
    assert [f"{path.relative_to(ROOT)}: {lack}" for path in MODULES for lack in _lacks(path.read_text())] == []


def _lacks(text: str) -> Iterator[str]:
    if len(text.splitlines()) > 300:
        yield "split it"
    tree = ast.parse(text)
    if not ast.get_docstring(tree):
        yield "its header states what it is and its law"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list):
                continue  # the one without the mark has the docstring
            if not ast.get_docstring(node):
                yield f"{node.name} is public and says nothing of itself"


def test_the_modules_of_tests_are_short() -> None:
    assert TESTS
    long = [str(path.relative_to(ROOT)) for path in TESTS if len(path.read_text().splitlines()) > 300]
    assert long == [], "split it by subject"


def test_no_link_leads_out_of_the_repository() -> None:
    links = [ROOT / name for name in _FILES if name and (ROOT / name).is_symlink()]
    assert links
    assert [link for link in links if not link.resolve().is_relative_to(ROOT) or link.readlink().is_absolute()] == []


@pytest.mark.parametrize("package", ["imagewire", "imagewire_emulator"])
def test_a_package_exports_what_it_names(package: str) -> None:
    module = __import__(package)
    assert sorted(module.__all__) == sorted(set(module.__all__))
    assert all(hasattr(module, name) for name in module.__all__)


def test_nothing_names_a_registry_host() -> None:
    hosts = re.compile(r"https?://[^\s\"'/]*(?:pypi|pythonhosted|npmjs|proxy\.golang|maven|crates)\.", re.IGNORECASE)
    named = [path.name for path in TRACKED if path.suffix != ".png" and hosts.search(path.read_text(errors="ignore"))]
    assert named == []
    assert not any(path.name == "uv.lock" for path in TRACKED)


def test_the_lock_pins_every_distribution_with_hashes() -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text().strip())
    assert len(blocks) > 50
    assert [block.split()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


def test_the_versions_agree() -> None:
    import imagewire  # noqa: PLC0415
    import imagewire_server  # noqa: PLC0415

    for folder, version in ((ROOT, imagewire_server.__version__), (ROOT / "clients/python", imagewire.__version__)):
        assert tomllib.loads((folder / "pyproject.toml").read_text())["project"]["version"] == version


def test_every_field_of_the_contract_is_documented() -> None:
    for path in (ROOT / "protos/imagewire/v1").glob("*.proto"):
        lines = path.read_text().splitlines()
        for i, line in enumerate(lines):
            if re.match(r"\s+(?:optional |repeated |map<|oneof |rpc )?[\w.<>, ]+ \w+ = \d+;|\s+(?:rpc|oneof) ", line):
                assert lines[i - 1].strip().startswith("//"), (
                    f"{path.name}:{i + 1}: {line.strip()} says nothing of itself"
                )


def test_the_documented_settings_are_the_settings() -> None:
    from imagewire_server.config.settings import fields  # noqa: PLC0415
    from imagewire_server.providers.registry import PACKAGES, provider_configs  # noqa: PLC0415

    own = [Path(str(resources.files(package))) / "README.md" for package in PACKAGES]
    table = "\n".join(path.read_text() for path in [ROOT / "docs/configuration.md", *own] if path.exists())
    listed = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    known = fields(provider_configs())
    assert listed == set(known)
    for name, setting in known.items():
        rows = [f"| `{name}` | `{setting.default}` |"] + ([] if setting.repr else [f"| `{name}` | |"])
        assert any(row in table for row in rows), name
