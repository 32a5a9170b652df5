"""What docs/architecture.md says of the files is true of the files."""

import re
import subprocess
import tomllib

import pytest

from tests.house.test_house import ROOT, TRACKED

PAGE = (ROOT / "docs/architecture.md").read_text()
INTERNALS = (ROOT / "docs/internals.md").read_text()
SERVER = ROOT / "service/imagewire_server"
PATHS = sorted(set(re.findall(r"`((?:service|protos|clients|tests|core|config|contract|providers)/[\w./]+)`", PAGE)))


def _exists(path: str) -> bool:
    plain = path.rstrip("/")
    choices = [ROOT / plain, SERVER / plain, SERVER / f"{plain}.py", (SERVER / plain).with_suffix(".py")]
    # A module with the name of what it defines behind it: core/interceptors.Interceptor.
    choices.append(SERVER / (plain.rpartition(".")[0] + ".py"))
    return any(choice.exists() for choice in choices)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_the_page_exists(path: str) -> None:
    assert _exists(path)


@pytest.mark.parametrize("module", sorted(set(re.findall(r"`((?:\w+/)+\w+\.py)`", INTERNALS))))
def test_a_module_of_the_internals_exists(module: str) -> None:
    assert any(path.match(f"**/{module}") for path in TRACKED)


def test_the_packages_are_the_layers() -> None:
    [line] = re.findall(r"^`(cli > [^`]+)`", PAGE, re.MULTILINE)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [re.split(r" \| ", layer) for layer in contracts[0]["layers"]]
    assert [set(package.split(", ")) for package in line.split(" > ")] == [set(layer) for layer in layers[1:]]
    packages = {
        package
        for row in re.findall(r"^\| (`[^|]+) \|", PAGE, re.MULTILINE)
        for package in re.findall(r"`([^`]+)`", row)
    }
    assert {package.partition("/")[0] for package in packages} == {package for layer in layers for package in layer}


def test_the_list_of_a_rest_surface_is_what_one_takes() -> None:
    section = PAGE.split("### A new REST surface")[1].split("\n#")[0]
    listed = set(re.findall(r"^- `([^`]+)`", section, re.MULTILINE))
    command = ["git", "grep", "-lE", r"openai\.responses|ResponsesEndpoint|^class Response.Strict", "--", "service"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    folder = "service/imagewire_server/formats/openai/responses/"
    assert {folder if path.startswith(folder) else path for path in found} == listed
    assert len(found) <= 10
