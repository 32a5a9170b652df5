"""Nothing outside a provider's folder knows the provider: neither its name, nor a setting or key of its own."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from imagewire_server.config.settings import fields
from imagewire_server.providers import registry

SERVER = Path(registry.__file__).parents[1]
FOLDERS = {SERVER.joinpath(*package.split(".")[1:]): package for package in registry.PACKAGES}
# The composition root runs the emulator, which speaks Google's API.
MAY_IMPORT = {"bootstrap.py"}
# Fields of a request of LiteLLM's that have the same name as a key of a deployment.
OF_REQUESTS = {"timeout"}


def _own(package: str) -> set[str]:
    """The words that are a provider's: its names, settings, variables, and keys of deployments."""
    (config,) = registry.provider_configs((package,))
    return {*config.names, *config.params, *config.variables, *fields([config])} - set(fields([])) - OF_REQUESTS


OWN = {package: _own(package) for package in registry.PACKAGES}


def test_no_module_knows_another_folders_provider() -> None:
    modules = [*SERVER.rglob("*.py")]
    assert modules
    assert [f"{path.relative_to(SERVER)}:{known}" for path in modules for known in _known(path)] == []


def _known(path: Path) -> Iterator[str]:
    """The lines that know a provider of another folder, and what they know of it."""
    inside = next((package for folder, package in FOLDERS.items() if folder in path.parents), None)
    others = tuple(package for package in registry.PACKAGES if package != inside)
    words = set().union(*(OWN[package] for package in others)) - OWN.get(inside or "", set())
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and node.value in words:
            yield f"{node.lineno} {node.value!r}"
        if isinstance(node, ast.ImportFrom) and path.name not in MAY_IMPORT and (node.module or "").startswith(others):
            yield f"{node.lineno} {node.module}"


def test_each_provider_is_one_line_of_the_registry() -> None:
    folders = {path.parent.name for path in (SERVER / "providers").glob("*/registration.py")}
    assert {package.rpartition(".")[2] for package in registry.PACKAGES} == folders
    text = Path(registry.__file__).read_text()
    assert all(text.count(package) == 1 for package in registry.PACKAGES)


def test_a_configuration_is_read_without_what_calls_providers() -> None:
    """`check`, and the process that watches workers, stay small."""
    program = (
        "import sys; from imagewire_server.providers.registry import load; load(None, {'GEMINI_API_KEY': 'k'});"
        "print(*sorted({'google.protobuf', 'google.auth', 'grpc', 'httpx', 'aiohttp'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == []
