"""The public API's types, the examples, and the server's internal events, as type checkers see them."""

import ast
import subprocess
import sys
from pathlib import Path

import imagewire
from tests.compat.conftest import needs
from tests.compat.test_node import FOLDER, install

ROOT = Path(__file__).parents[2]
API = [ROOT / "tests/typing" / name for name in ("api.py", "kept_api.py", "litellm_api.py")]
INTERNAL = ROOT / "tests/typing/internal_events.py"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def test_every_public_name_is_checked() -> None:
    nodes = [node for file in API for node in ast.walk(ast.parse(file.read_text()))]
    words = {node.id for node in nodes if isinstance(node, ast.Name)}
    words |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert set(imagewire.__all__) - words == set()


def test_mypy_accepts_them() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", *API, INTERNAL, *EXAMPLES]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_pyright_accepts_them() -> None:
    needs("node")
    install()
    command = [FOLDER / "node_modules/.bin/pyright", "--project", API[0].parent, "--pythonpath", sys.executable]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
