"""The page for people: its own tests in Chromium, whether it is fresh, its files, and its code examples."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from google.protobuf import json_format
from PIL import Image

from imagewire.v1 import chat_service_pb2
from tests.clients.typescript import FOLDER, ROOT, build, run
from tests.compat.conftest import KEY, needs
from tests.conftest import running_stack
from tests.integration import processes

pytestmark = pytest.mark.timeout(600)  # a first run installs the packages
SCREENSHOT = ROOT / "docs/page.png"
CALL = {
    "prompt": 'A "cat" & it\'s $HOME `id` \\ <b>,\nEND\nin blue',
    "model": "gemini/gemini-3-pro-image",
    "ratio": "16:9",
    "size": "1K",
    "thoughts": True,
    "files": ['it\'s a "cat".png'],
    "completionId": "",
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[processes.Program]:
    with processes.emulator() as program:
        yield program


@pytest.fixture(scope="module")
def served(emulator: processes.Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[processes.Program]:
    kept = tmp_path_factory.mktemp("kept")
    with processes.server(emulator.address, keep="local", keep_dir=str(kept)) as server:
        yield server


@pytest.mark.parametrize("module", ["drawing", "guards", "looks"])
def test_in_chromium(module: str, emulator: processes.Program, served: processes.Program, tmp_path: Path) -> None:
    build()
    chromium = needs("chromium")
    with processes.server(emulator.address, keep="local", keep_dir=str(tmp_path), master_key=KEY) as locked:
        environ = {
            "PAGE_URL": f"{served.rest}/",
            "LOCKED_URL": f"{locked.rest}/",
            "PAGE_KEY": KEY,
            "EMULATOR_URL": emulator.address,
            "CHROMIUM": chromium,
            "PAGE_SHOTS": str(tmp_path),
        }
        ended = run("node", "--test", str(FOLDER / f"dist/web/test/{module}.test.js"), **environ)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "# pass 0" not in ended.stdout
    if module == "looks":
        if "UPDATE_SCREENSHOT" in os.environ:  # how the README gets a new one
            shutil.copy(tmp_path / "page.png", SCREENSHOT)
        with Image.open(tmp_path / "page.png") as made, Image.open(SCREENSHOT) as committed:
            assert made.size == committed.size


def test_what_is_committed_is_what_the_sources_give() -> None:
    build()
    ended = run("npm", "run", "--silent", "page-check")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def code() -> dict[str, str]:
    """The programs of CALL."""
    build()
    script = (
        'import { programs } from "./dist/web/code.js";'
        "console.log(JSON.stringify(programs(JSON.parse(process.argv[1]), process.argv[2], false)));"
    )
    ended = run("node", "--input-type=module", "-e", script, json.dumps(CALL), "http://SERVER")
    assert ended.returncode == 0, ended.stderr
    programs: dict[str, str] = json.loads(ended.stdout)
    return programs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the picture that the programs send."""
    Image.new("RGB", (64, 64), "red").save(tmp_path / CALL["files"][0], "PNG")  # type: ignore[index]
    return tmp_path


@pytest.mark.parametrize("language", ["curl", "Python", "Go", "TypeScript"])
def test_the_code_makes_the_same_call(
    language: str, code: dict[str, str], emulator: processes.Program, served: processes.Program, folder: Path
) -> None:
    before = len(processes.ledger(emulator.address))
    text = code[language].replace("http://SERVER", served.rest)
    file = folder / {"curl": "call.sh", "Python": "call.py", "Go": "main.go", "TypeScript": "call.mjs"}[language]
    file.write_text(text)
    if language == "Go":
        program = folder / "program"
        ended = run("go", "build", "-o", str(program), str(file), cwd=ROOT / "clients/go")
        assert ended.returncode == 0, ended.stderr
        command = [str(program)]
    elif language == "TypeScript":
        (folder / "node_modules").mkdir()
        (folder / "node_modules/imagewire").symlink_to(FOLDER)
        command = [needs("node"), str(file)]
    else:
        if language == "curl":
            needs("jq")
        command = [needs("bash"), str(file)] if language == "curl" else [sys.executable, str(file)]
    command = ["/usr/bin/env", f"IMAGEWIRE_TARGET={served.address}", *command]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    (name,) = [path.name for path in folder.iterdir() if path.stem == "picture"]
    with Image.open(io.BytesIO((folder / name).read_bytes())) as picture:
        assert picture.size[0] > picture.size[1]
    (entry,) = processes.ledger(emulator.address)[before:]
    parts = entry["body"]["contents"][0]["parts"]
    assert [part.get("text") for part in parts] == [None, CALL["prompt"]]
    asked = entry["body"]["generationConfig"]
    assert asked["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "1K"}
    assert asked["thinkingConfig"]["includeThoughts"] is True


def test_the_code_in_curl_tells_of_an_error_and_keeps_an_earlier_picture(
    code: dict[str, str], served: processes.Program, folder: Path
) -> None:
    needs("jq")
    (folder / "picture").write_bytes(b"earlier")
    text = code["curl"].replace("http://SERVER", served.rest)
    assert '"model"' in text
    (folder / "call.sh").write_text(re.sub(r'"model": "[^"]*"', '"model": "no-such/model"', text))
    ended = run(needs("bash"), "call.sh", cwd=folder)
    assert ended.returncode != 0
    assert "no-such" in ended.stderr
    assert (folder / "picture").read_bytes() == b"earlier"


def test_grpcurl_gets_the_same_message(code: dict[str, str], folder: Path) -> None:
    script = 'grpcurl() { printf "%s\\n" "$@" >arguments; cat; }\n' + code["grpcurl"]
    ended = subprocess.run([needs("bash"), "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    request = json_format.Parse(ended.stdout, chat_service_pb2.StreamCompletionRequest())
    picture, text = request.spec.messages[0].parts
    assert picture.image.data == (folder / CALL["files"][0]).read_bytes()  # type: ignore[index]
    assert text.text == CALL["prompt"]
    said = (folder / "arguments").read_text().splitlines()
    assert said == ["-plaintext", "-d", "@", "127.0.0.1:50051", "imagewire.v1.ChatService/StreamCompletion"]


async def test_its_files_are_served_with_what_protects_them() -> None:
    async with running_stack(rest=True, master_key="sk") as stack:
        page = await stack.rest.get("/")
        names = sorted(path.name for path in (ROOT / "service/imagewire_server/api/rest/page").iterdir())
        assert len(names) == 4
        for name in names:
            answer = await stack.rest.get("/" if name == "index.html" else f"/page/{name}")
            assert answer.status_code == 200
            _check_headers(answer)
            fresh = {"if-none-match": answer.headers["etag"]}
            again = await stack.rest.get("/" if name == "index.html" else f"/page/{name}", headers=fresh)
            assert (again.status_code, again.content) == (304, b"")
            if name != "index.html":
                assert f"page/{name}" in page.text
                assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert page.headers["cache-control"] == "no-cache"
        assert (await stack.rest.get("/page/nothing.js")).status_code == 404
        assert (await stack.rest.get("/page/..%2f..%2froutes.py")).status_code == 404


def _check_headers(answer: httpx.Response) -> None:
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    kinds = ("text/html", "text/css", "text/javascript", "image/svg+xml")
    assert answer.headers["content-type"].startswith(kinds)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_flag_turns_it_off(workers: str, emulator: processes.Program) -> None:
    with processes.server(emulator.address, "--no-ui", "--workers", workers, keep="off") as server:
        for _ in range(8):  # each on a connection of its own, of either worker
            page = httpx.get(f"{server.rest}/", headers={"connection": "close"})
            assert page.status_code == 200
            assert "<script" not in page.text


def test_the_wheel_has_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--wheel-dir", str(tmp_path), str(ROOT)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    for folder in ("page", "admin_page"):
        packed = {Path(name).name for name in names if f"/api/rest/{folder}/" in name}
        assert packed == {path.name for path in (ROOT / "service/imagewire_server/api/rest" / folder).iterdir()}


async def test_it_can_be_turned_off() -> None:
    async with running_stack(rest=True, ui=False) as stack:
        page = await stack.rest.get("/")
        assert page.status_code == 200
        assert "<script" not in page.text
        assert (await stack.rest.get("/page/main.js")).status_code == 404
