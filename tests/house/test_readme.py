"""The READMEs' examples run as they stand."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import processes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[processes.Program]:
    with processes.emulator() as emulator, processes.server(emulator.address) as running:
        yield running


@pytest.fixture
def target(server: processes.Program) -> str:
    return server.address


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "clients/python/README.md"])
def test_the_python_runs(tmp_path: Path, target: str, name: str) -> None:
    (code,) = blocks(name, "python")
    code = code.replace("127.0.0.1:50051", target)
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "IMAGEWIRE_TARGET": target},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Here's the image you requested:" in ended.stdout


def test_the_commands_run(tmp_path: Path, target: str) -> None:
    lines = [line for block in blocks("README.md", "sh") for line in block.splitlines() if "imagewire draw" in line]
    assert len(lines) == 2
    for line in lines:
        words = shlex.split(line)
        command = [str(ROOT / words[0]), *words[1:]]
        ended = subprocess.run(command, cwd=tmp_path, env={**os.environ, "IMAGEWIRE_TARGET": target}, check=False)
        assert ended.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["banana.png", "blue.png"]


def test_the_grpcurl_call_is_a_call(target: str) -> None:
    (block,) = [block for block in blocks("README.md", "sh") if "grpcurl" in block]
    words = shlex.split(block.replace("\\\n", " "))
    body, method = words[words.index("-d") + 1], words[-1]
    buf = str(Path(sys.executable).parent / "buf")
    command = [buf, "curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", body, f"http://{target}/{method}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "finished" in json.loads("[" + re.sub(r"\}\s*\{", "},{", ended.stdout) + "]")[-1]


def test_the_curl_call_is_answered(server: processes.Program) -> None:
    (block,) = [block for block in blocks("README.md", "sh") if block.startswith("curl")]
    command = block.replace("http://127.0.0.1:4000", server.rest)
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert "Here's the image you requested:" in ended.stdout


@pytest.mark.filterwarnings("default")
def test_the_python_of_the_rest_page_runs(server: processes.Program) -> None:
    (code,) = blocks("docs/rest.md", "python")
    code = code.replace("http://127.0.0.1:4000", server.rest)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stdout == "Here's the image you requested:\ndata:image/png;base64,iVBORw0K\n", ended.stderr
