"""The examples run as they stand, against a server and with one inside."""

import base64
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.compat.conftest import package
from tests.integration import processes
from tests.integration.processes import Program

pytestmark = pytest.mark.system

EXAMPLES = Path(__file__).parents[2] / "examples"
# The kernel is asked over sockets in the file system, not over TCP.
NOTEBOOK = """
import sys
import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
kernel = AsyncKernelManager(kernel_name="python3", transport="ipc")
NotebookClient(notebook, km=kernel, timeout=60).execute()
nbformat.write(notebook, sys.argv[2])
"""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Program]:
    with processes.emulator() as made:
        yield made


@pytest.fixture(scope="module", params=["server", "embedded"])
def environ(request: pytest.FixtureRequest, emulator: Program) -> Iterator[dict[str, str]]:
    ours = ("IMAGEWIRE_", "GEMINI_", "VERTEXAI_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    if request.param == "server":
        with processes.server(emulator.address) as server:
            yield {**clean, "IMAGEWIRE_TARGET": server.address}
    else:
        embedded = {"IMAGEWIRE_TARGET": "embedded", "IMAGEWIRE_GEMINI_BASE_URL": emulator.address}
        yield {**clean, **embedded, "GEMINI_API_KEY": "emulator-key"}


class Ended(NamedTuple):
    """What a program said, and its most memory in bytes."""

    code: int
    output: str
    errors: str
    memory: int


def run(name: str, folder: Path, environ: Mapping[str, str], **variables: str) -> Ended:
    with (folder / "stdout").open("w+") as output, (folder / "stderr").open("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-W", "default", EXAMPLES / name],
            cwd=folder,
            env={**environ, **variables},
            stdout=output,
            stderr=errors,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        return Ended(process.returncode, output.read(), errors.read(), usage.ru_maxrss * 1024)


def sums(paths: list[Path]) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def drawn(emulator: Program, number: int) -> list[str]:
    return [entry["images"][0]["sha256"] for entry in processes.ledger(emulator.address)[-number:]]


def test_every_example_is_run() -> None:
    named = re.findall(r'"(\w+\.(?:py|ipynb))"', Path(__file__).read_text())
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == set(named)


def test_save_a_picture(tmp_path: Path, emulator: Program, environ: dict[str, str]) -> None:
    ended = run("save_a_picture.py", tmp_path, environ)
    assert (ended.code, ended.errors) == (0, "")
    assert re.fullmatch(r"picture\.png: 1024 x 1024 pixels, \d+ bytes\n", ended.output)
    assert sums([tmp_path / "picture.png"]) == drawn(emulator, 1)


def test_a_failure_is_told_in_a_line(tmp_path: Path, environ: dict[str, str]) -> None:
    ended = run("save_a_picture.py", tmp_path, environ, IMAGEWIRE_MODEL="gemini/emulator-safety")
    assert ended.code == 1
    assert ended.errors.startswith("the prompt was blocked (SAFETY")
    assert ended.errors.count("\n") == 1


def test_edit_loop(tmp_path: Path, emulator: Program, environ: dict[str, str]) -> None:
    ended = run("edit_loop.py", tmp_path, environ)
    assert (ended.code, ended.errors) == (0, "")
    assert re.fullmatch(r"(?:[^\n]+: turn-\d\.png, cost 0\.\d{4} USD\n){3}", ended.output)
    assert sums(sorted(tmp_path.glob("turn-*.png"))) == drawn(emulator, 3)
    sent = processes.ledger(emulator.address)[-1]["body"]["contents"]
    assert [content["role"] for content in sent] == ["user", "model", "user", "model", "user"]
    assert all("thoughtSignature" in str(content) for content in sent if content["role"] == "model")


def test_fifty_pictures(tmp_path: Path, emulator: Program, environ: dict[str, str]) -> None:
    (tmp_path / "small").mkdir()
    small = run("save_a_picture.py", tmp_path / "small", environ)
    megabytes = 1 if environ["IMAGEWIRE_TARGET"] == "embedded" else 4
    ended = run("fifty_pictures.py", tmp_path, environ, IMAGEWIRE_MODEL=f"gemini/emulator-size-{megabytes}MB")
    assert (ended.code, ended.errors) == (0, "")
    files = sorted(tmp_path.glob("banana-*.png"))
    assert sorted(ended.output.split()) == [path.name for path in files]
    assert sorted(sums(files)) == sorted(drawn(emulator, 50))
    assert sum(path.stat().st_size for path in files) == 50 * megabytes * 1_000_000
    if environ["IMAGEWIRE_TARGET"] != "embedded":  # there the server's memory is among it
        assert ended.memory - small.memory < 100_000_000


def test_what_failed_of_fifty_leaves_nothing(tmp_path: Path, environ: dict[str, str]) -> None:
    ended = run("fifty_pictures.py", tmp_path, environ, IMAGEWIRE_MODEL="gemini/emulator-no-image")
    assert (ended.code, ended.output) == (1, "")
    assert len(re.findall(r"^banana \d+: no picture was drawn \(NO_IMAGE", ended.errors, re.MULTILINE)) == 50
    assert not list(tmp_path.glob("banana*"))


def test_the_notebook(tmp_path: Path, emulator: Program, environ: dict[str, str]) -> None:
    nbformat = package("nbformat")
    for name in ("nbclient", "ipykernel"):
        package(name)
    own = {"IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "jupyter")}
    command = [sys.executable, "-c", NOTEBOOK, EXAMPLES / "notebook.ipynb", tmp_path / "ran.json"]
    ended = subprocess.run(command, cwd=tmp_path, env={**environ, **own}, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    shown = [
        hashlib.sha256(base64.b64decode(png)).hexdigest()
        for output in outputs(nbformat.read(tmp_path / "ran.json", as_version=4))
        if (png := output.get("data", {}).get("image/png"))
    ]
    assert shown[:3] == drawn(emulator, 3)
    assert len(shown) == 4  # the last is Pillow's


def outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield from cell.outputs


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = package("nbformat").read(EXAMPLES / "notebook.ipynb", as_version=4)
    assert list(outputs(notebook)) == []
