"""LiteLLM's page with its own file and command line, tried without a key."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import forked

pytestmark = pytest.mark.system

# The file and the request of LiteLLM's page.
CONFIG = """\
model_list:
  - model_name: gemini-image-gen
    litellm_params:
      model: gemini/gemini-2.5-flash-image-preview
      api_key: os.environ/GEMINI_API_KEY
"""
BODY = {
    "model": "gemini-image-gen",
    "messages": [{"role": "user", "content": "Generate an image of a banana wearing a costume that says LiteLLM"}],
}


@contextlib.contextmanager
def _started(folder: Path, *arguments: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The command without a subcommand: where REST is, and the lines of the log until it serves."""
    (folder / "config.yaml").write_text(CONFIG)
    process = forked.Popen(
        [sys.executable, "-m", "imagewire_server", "--config", str(folder / "config.yaml"), *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env={"DATABASE_URL": "postgres://u:secret@h/d", "REDIS_HOST": "r", "IMAGEWIRE_GRPC": "127.0.0.1:0"},
    )
    try:
        assert process.stderr is not None
        lines: list[dict[str, str]] = []
        while not lines or lines[-1]["event"] != "serving":
            line = process.stderr.readline()
            assert line, "it has ended"
            if line.startswith("{"):
                lines.append(json.loads(line))
        yield lines[-1]["rest"], lines
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def test_the_page_s_file_and_request_without_a_key(tmp_path: Path) -> None:
    flags = ("--demo", "--port", "0", "--host", "127.0.0.1", "--num_workers", "1", "--detailed_debug")
    with _started(tmp_path, *flags) as (rest, lines), httpx.Client(base_url=f"http://{rest}", timeout=60) as client:
        answer = client.post("/v1/chat/completions", json=BODY)
        assert answer.status_code == 200
        assert answer.json()["choices"][0]["message"]["image"]["url"].startswith("data:image/png;base64,")
        assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["gemini-image-gen"]
        assert client.post("/v1/chat/completions", json=BODY | {"model": "other"}).status_code == 404
    warnings = [line["event"] for line in lines if line["level"] == "warning"]
    assert [words.split()[0] for words in warnings] == ["DATABASE_URL", "REDIS_HOST"]
    assert "secret" not in "".join(warnings)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "1", "--rest", "127.0.0.1:0"], "leave out --rest"),
        (["--port", "70000"], "--port"),
        (["--confg", "x"], "--config"),
    ],
)
def test_a_wrong_command_line_is_told(arguments: list[str], words: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "imagewire_server", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
