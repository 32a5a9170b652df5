"""The TypeScript client: its own tests, its checks, its samples against a started server, and its package."""

import base64
import hashlib
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.authority import Authority
from tests.clients.typescript import FOLDER, build, run
from tests.integration import processes

pytestmark = pytest.mark.timeout(600)  # a first run installs the packages
SAMPLES = FOLDER / "dist/samples"


@pytest.fixture(scope="module")
def node() -> str:
    return build()


@pytest.fixture(scope="module")
def emulator() -> Iterator[processes.Program]:
    with processes.emulator() as program:
        yield program


@pytest.fixture(scope="module")
def target(emulator: processes.Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    kept = tmp_path_factory.mktemp("kept")
    with processes.server(emulator.address, keep="local", keep_dir=str(kept)) as server:
        yield server.address


def _sample(name: str, folder: Path, target: str, **environ: str) -> list[str]:
    """The lines that a sample prints."""
    ended = run("node", str(SAMPLES / f"{name}.js"), cwd=folder, IMAGEWIRE_TARGET=target, **environ)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def test_its_own_tests_pass(node: str) -> None:
    files = [str(path) for path in (FOLDER / "dist/test").glob("*.test.js")]
    ended = run("node", "--test", *files)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "# pass 0" not in ended.stdout


@pytest.mark.parametrize("script", ["gen-check", "readme-check", "lint"])
def test_its_checks_pass(node: str, script: str) -> None:
    ended = run("npm", "run", "--silent", script)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.usefixtures("node")
def test_draw(target: str, tmp_path: Path) -> None:
    assert _sample("draw", tmp_path, target) == ["lighthouse.png 1360 768"]
    with Image.open(tmp_path / "lighthouse.png") as picture:
        picture.load()
        assert picture.size == (1360, 768)


@pytest.mark.usefixtures("node")
def test_stream_to_a_file(target: str, emulator: processes.Program, tmp_path: Path) -> None:
    (said,) = _sample("stream-to-file", tmp_path, target)
    data = (tmp_path / "lighthouse.png").read_bytes()
    assert said == f"{len(data)} bytes"
    assert hashlib.sha256(data).hexdigest() == processes.ledger(emulator.address)[-1]["images"][0]["sha256"]


@pytest.mark.usefixtures("node")
def test_edit(target: str, emulator: processes.Program, tmp_path: Path) -> None:
    said = _sample("edit", tmp_path, target)
    assert said[-1] == "blue-bicycle.png"
    data = (tmp_path / "blue-bicycle.png").read_bytes()
    assert hashlib.sha256(data).hexdigest() == processes.ledger(emulator.address)[-1]["images"][-1]["sha256"]


@pytest.mark.usefixtures("node")
def test_errors(target: str, tmp_path: Path) -> None:
    found, wrong = _sample("errors", tmp_path, target)
    assert found.startswith("MODEL_NOT_FOUND; there are: gemini/")
    assert wrong == "spec.image_config.aspect_ratio"


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(
    ("name", "said"), [("cancel", "true"), ("deadline", "true"), ("resume", "true"), ("many", "8 8")]
)
def test_a_sample_says(target: str, tmp_path: Path, name: str, said: str) -> None:
    assert _sample(name, tmp_path, target) == [said]


@pytest.mark.usefixtures("node")
def test_tls(emulator: processes.Program, tmp_path: Path) -> None:
    authority = Authority("imagewire")
    cert, key = authority.issue("localhost", "127.0.0.1").write(tmp_path, "server")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    own_cert, own_key = authority.issue(name="client").write(tmp_path, "client")
    settings = {"tls_cert": str(cert), "tls_key": str(key), "tls_client_ca": str(tmp_path / "ca.pem")}
    with processes.server(emulator.address, **settings) as server:
        own = {"CERT": str(own_cert), "KEY": str(own_key)}
        assert _sample("tls", tmp_path, server.address, **own) == ["SERVING"]


def test_web_page(node: str, target: str, emulator: processes.Program, tmp_path: Path) -> None:
    command = ["/usr/bin/env", f"IMAGEWIRE_TARGET={target}", "PORT=0", node, str(SAMPLES / "web-page.js")]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with urllib.request.urlopen(url) as page:  # noqa: S310  # loopback
                assert b"<form>" in page.read()
            with urllib.request.urlopen(f"{url}picture?prompt=A+lighthouse") as picture:  # noqa: S310  # loopback
                data = picture.read()
        finally:
            process.terminate()
    assert hashlib.sha256(data).hexdigest() == processes.ledger(emulator.address)[-1]["images"][0]["sha256"]


@pytest.fixture
def bundle(node: str, tmp_path: Path) -> Path:
    """The sample for pages, as a page would load it."""
    bundle = tmp_path / "page.mjs"
    options = ("--bundle", "--format=esm", "--platform=browser", f"--outfile={bundle}")
    ended = run("npx", "--no", "esbuild", str(SAMPLES / "browser.js"), *options)
    assert ended.returncode == 0, ended.stderr
    return bundle


def test_the_browsers_entry_needs_nothing_of_node(bundle: Path) -> None:
    assert "node:" not in bundle.read_text()


_PAGE = """\
import { resolveObjectURL } from "node:buffer";
import { draw } from "./page.mjs";
const url = await draw(process.argv[2], "A lighthouse", process.argv[3]);
process.stdout.write(Buffer.from(await resolveObjectURL(url).arrayBuffer()).toString("base64"));
"""


def test_a_page_draws_by_connect(bundle: Path, emulator: processes.Program) -> None:
    program = bundle.with_name("program.mjs")
    program.write_text(_PAGE)
    with processes.server(emulator.address, master_key="sk-page") as server:
        ended = run("node", str(program), server.rest, "sk-page")
        assert ended.returncode == 0, ended.stderr
        drawn = processes.ledger(emulator.address)[-1]["images"][0]["sha256"]
        assert hashlib.sha256(base64.b64decode(ended.stdout)).hexdigest() == drawn
        refused = run("node", str(program), server.rest, "sk-other")
        assert "KEY_INVALID" in refused.stderr


@pytest.mark.usefixtures("node")
def test_the_first_snippet_runs_in_an_empty_project(target: str, tmp_path: Path) -> None:
    ended = run("npm", "pack", "--silent", "--json", "--pack-destination", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    (packed,) = json.loads(ended.stdout)
    outside = ("dist/src/", "LICENSE", "README.md", "package.json")
    assert all(file["path"].startswith(outside) for file in packed["files"])
    project = tmp_path / "project"
    project.mkdir()
    (project / "package.json").write_text('{"type": "module", "private": true}')
    snippet = (FOLDER / "README.md").read_text().split("```ts\n")[1].split("```")[0]
    (project / "draw.ts").write_text(snippet)
    (project / "draw.mjs").write_text(snippet)
    archive = str(tmp_path / packed["filename"])
    installed = run("npm", "install", "--no-audit", "--no-fund", "--silent", archive, cwd=project)
    assert installed.returncode == 0, installed.stderr
    typed = ("--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "draw.ts")
    types = ("--types", "node", "--typeRoots", str(FOLDER / "node_modules/@types"))
    checked = run("node", str(FOLDER / "node_modules/typescript/bin/tsc"), *typed, *types, cwd=project)
    assert checked.returncode == 0, checked.stdout
    ended = run("node", "draw.mjs", cwd=project, IMAGEWIRE_TARGET=target)
    assert ended.stdout == "lighthouse.png 1360 768\n", ended.stderr
