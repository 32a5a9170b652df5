"""The client's wheel: what is in it, what it asks for, and that importing it costs next to nothing."""

import re
import subprocess
import sys
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import NamedTuple

import pytest

import imagewire

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients/python"
NEEDS = {
    "googleapis-common-protos",
    "grpcio",
    "grpcio-health-checking",
    "protobuf",
    "rich",
    "textual-image",
    "typer",
}
HEAVY = ("google.protobuf", "grpc", "PIL", "rich", "typer")


class Wheel(NamedTuple):
    """The file, the names in it and its METADATA."""

    path: Path
    names: list[str]
    metadata: Message


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", folder, CLIENT]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as file:
        names = file.namelist()
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        return Wheel(path, names, Parser().parsestr(file.read(metadata).decode()))


@pytest.fixture(scope="module")
def bare(wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that has the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    python = folder / "bin/python"
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    command = [sys.executable, "-m", "pip", "--python", python, "install", *options, wheel.path]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr
    return python


def test_the_wheel_has_the_package_and_nothing_else(wheel: Wheel) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "imagewire"],
        cwd=CLIENT,
        capture_output=True,
        text=True,
        check=True,
    )
    tracked = {name for name in listed.stdout.split() if (CLIENT / name).is_file()}
    packed = {name for name in wheel.names if ".dist-info/" not in name}
    assert packed == tracked
    assert "imagewire/py.typed" in packed
    assert not any("test" in name or "server" in name or "emulator" in name for name in packed)
    assert any(name.endswith("/LICENSE") for name in wheel.names)


def test_the_wheel_asks_for_what_a_client_needs(wheel: Wheel) -> None:
    asked = wheel.metadata.get_all("Requires-Dist") or []
    extras = [requirement for requirement in asked if "extra ==" in requirement]
    assert {re.split(r"[^\w-]", requirement)[0] for requirement in asked if requirement not in extras} == NEEDS
    assert [(re.split(r"[^\w-]", extra)[0], extra.split("extra == ")[1].strip("'\"")) for extra in extras] == [
        ("imagewire-server", "embedded")
    ]


def seen(python: Path | str, code: str) -> str:
    ended = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_it_is_imported_where_nothing_else_is_installed(bare: Path) -> None:
    code = """
import importlib.util, imagewire
print(importlib.util.find_spec("imagewire_server"), importlib.util.find_spec("grpc"), imagewire.__version__)
"""
    assert seen(bare, code) == f"None None {imagewire.__version__}\n"


def test_importing_it_loads_nothing_heavy() -> None:
    """Here all of it is installed."""
    loaded = set(seen(sys.executable, "import sys, imagewire; print(*sys.modules)").split())
    assert "imagewire" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_help_loads_no_grpc() -> None:
    code = """
import sys
from imagewire.cli import main
sys.argv = ["imagewire", "draw", "--help"]
try:
    main()
except SystemExit:
    pass
print([name for name in ("grpc", "google.protobuf", "PIL") if name in sys.modules])
"""
    assert seen(sys.executable, code).splitlines()[-1] == "[]"
