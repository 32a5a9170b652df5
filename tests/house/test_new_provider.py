"""A provider is its folder and one line: with the toy's put into a copy of the server, its own tests still pass."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import imagewire_server
from imagewire_server.providers import registry

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
LINE = '    "imagewire_server.providers.google",\n'
# What `make gen` does for a provider.
GENERATE = """
import json
from imagewire_server.config.schema import schema
from imagewire_server.providers.registry import provider_configs
print(json.dumps(schema(provider_configs()), indent=2))
"""


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a copy of the server that has the toy."""
    service = tmp_path_factory.mktemp("service")
    server = service / "imagewire_server"
    shutil.copytree(Path(imagewire_server.__file__).parent, server)
    toy = server / "providers/toy"
    shutil.copytree(ROOT / "tests/toy_provider", toy, ignore=shutil.ignore_patterns("__pycache__"))
    for path in toy.glob("*.py"):
        path.write_text(path.read_text().replace("tests.toy_provider", "imagewire_server.providers.toy"))
    line = server / "providers/registry.py"
    before = Path(registry.__file__).read_text()
    line.write_text(before.replace(LINE, f'{LINE}    "imagewire_server.providers.toy",\n', 1))
    made = {**os.environ, "PYTHONPATH": str(service)}
    (server / "config/schema.json").write_text(_run(made, "-c", GENERATE))
    assert "toy_url" in json.loads((server / "config/schema.json").read_text())["properties"]["imagewire"]["properties"]
    return made


def _run(environ: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, *arguments]
    ended = subprocess.run(command, check=False, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_tests_of_the_house_and_the_configuration_pass(environ: dict[str, str]) -> None:
    settings = "tests/house/test_house.py::test_the_documented_settings_are_the_settings"
    plain = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    ran = _run(environ, "-m", "pytest", *plain, "tests/house/test_providers.py", settings, "tests/unit/config")
    assert " passed" in ran


def test_the_import_contracts_hold(environ: dict[str, str]) -> None:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    assert " 0 broken" in _run(environ, "-c", program, "--no-cache")
