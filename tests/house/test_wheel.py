"""The wheels: what is in the client's, what each of the two installs, and what importing the client loads."""

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

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients/python"
BASE = {"googleapis-common-protos", "grpcio", "protobuf"}
COMMAND = {"pillow", "prompt-toolkit", "rich", "textual-image", "typer"}
# Which modules the packages of the extra "cli", and those that they need, are imported as.
COMMANDS_MODULES = (
    "typer",
    "rich",
    "textual_image",
    "prompt_toolkit",
    "PIL",
    "pygments",
    "markdown_it",
    "pydantic",
    "shellingham",
)
HEAVY = ("google.protobuf", "grpc", "PIL", "rich", "typer")


class Wheel(NamedTuple):
    """The file, the names in it and its METADATA."""

    path: Path
    names: list[str]
    metadata: Message


def built(source: Path, folder: Path) -> Wheel:
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", folder, source]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as file:
        names = file.namelist()
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        return Wheel(path, names, Parser().parsestr(file.read(metadata).decode()))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return built(CLIENT, tmp_path_factory.mktemp("wheel"))


def asked(wheel: Wheel, extra: str = "") -> set[str]:
    """The names of what a distribution needs, without an extra or for it."""
    found = set()
    for requirement in wheel.metadata.get_all("Requires-Dist") or []:
        marked = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        if (marked[1] if marked else "") == extra:
            found.add(re.split(r"[^\w-]", requirement)[0].lower())
    return found


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
    assert not any(
        "test" in name or "server" in name or "emulator" in name for name in packed - {"imagewire/testing.py"}
    )
    assert any(name.endswith("/LICENSE") for name in wheel.names)


def test_the_client_asks_for_what_a_client_needs(wheel: Wheel) -> None:
    assert asked(wheel) == BASE
    assert asked(wheel, "cli") == COMMAND
    assert asked(wheel, "embedded") == {"imagewire-server"}
    assert set(wheel.metadata.get_all("Provides-Extra") or []) == {"cli", "embedded"}


def test_the_server_asks_for_nothing_that_draws_in_a_terminal(tmp_path: Path) -> None:
    needs = asked(built(ROOT, tmp_path))
    assert "imagewire" in needs
    # The emulator, which is in the server's distribution, draws with Pillow.
    assert needs & COMMAND == {"pillow"}
    locked = {re.split(r"==", line)[0] for line in (ROOT / "requirements-server.lock").read_text().splitlines()}
    assert needs - {"imagewire"} <= {re.sub(r"\[.*", "", name) for name in locked}
    assert not locked & {*COMMAND - {"pillow"}, "markdown-it-py", "pydantic", "pygments", "shellingham"}


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


# Makes modules look as if they were not installed.
HIDE = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""


def test_the_library_works_without_the_commands_packages() -> None:
    code = f"""hidden = {COMMANDS_MODULES}
{HIDE}
import importlib, pkgutil, imagewire
for name in imagewire.__all__:
    getattr(imagewire, name)
for module in pkgutil.walk_packages(imagewire.__path__, "imagewire."):
    if not module.name.startswith("imagewire.cli.") and module.name != "imagewire.__main__":
        importlib.import_module(module.name)
with imagewire.Client() as client:
    print(client.target, imagewire.image(bytes.fromhex("ffd8ff")).mime_type)
"""
    assert seen(sys.executable, code) == "127.0.0.1:50051 image/jpeg\n"


def test_the_server_and_its_demo_work_without_them(tmp_path: Path) -> None:
    code = f"""hidden = {set(COMMANDS_MODULES) - {"PIL"}}
{HIDE}
from imagewire_server.cli import main
sys.argv = ["imagewire-server", "demo", "-o", {str(tmp_path / "banana.png")!r}]
main()
"""
    assert "the same" in seen(sys.executable, code)
    assert (tmp_path / "banana.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_without_its_packages_says_what_to_install(bare: Path) -> None:
    ended = subprocess.run([bare.parent / "imagewire", "ping"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "imagewire: the command needs typer, rich, PIL, textual_image, prompt_toolkit, not installed here:"
        ' pip install "imagewire[cli]"\n'
    )


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
