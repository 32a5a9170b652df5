"""The Node clients, unmodified: each script tells what it saw, a line of JSON for each thing."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.compat.conftest import Rest, needs

_FOLDER = Path(__file__).parent / "node"
_TEXT = "Here's the image you requested:"


def _run(script: str, rest: Rest) -> dict[str, Any]:
    node = needs("node")
    if not (_FOLDER / "node_modules" / "openai").is_dir():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs the packages of tests/compat/node: run make test")
    environ = {**os.environ, "BASE_URL": rest.v1}
    ended = subprocess.run(
        [node, script], cwd=_FOLDER, capture_output=True, text=True, env=environ, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return {line.pop("name"): line for line in map(json.loads, ended.stdout.splitlines())}


@pytest.fixture
def banana(rest: Rest) -> str:
    """The SHA-256 of the picture that the scripts' prompt gives: the emulator draws the same again."""
    import openai  # noqa: PLC0415

    with openai.OpenAI(base_url=rest.v1, api_key="any") as client:
        client.images.generate(model="gemini/gemini-2.5-flash-image", prompt="A banana")
    return rest.drawn()[0]


def test_openai(rest: Rest, banana: str) -> None:
    seen = _run("openai.mjs", rest)
    asked = seen["chat"]["image"]
    assert asked in rest.ever_drawn()
    assert seen["chat"] == {"content": _TEXT, "image": asked, "images": [asked]}
    assert seen["stream"] == {"content": _TEXT, "image": [asked], "images": [asked]}
    assert seen["helper"] == {"content": _TEXT, "finish": "stop"}
    assert seen["generate"] == {"images": [banana]}
    assert len(seen["edit"]["images"]) == 1
    assert seen["responses"] == {"content": _TEXT, "images": [banana]}
    assert seen["error"] == {"status": 502, "code": "upstream_cut"}


def test_vercel_ai_sdk(rest: Rest, banana: str) -> None:
    seen = _run("vercel.mjs", rest)
    assert seen["openai image"] == {"images": [banana]}
    assert seen["compatible image"] == {"images": [banana]}
    assert seen["openai chat"] == {"content": _TEXT, "finish": "stop"}
    assert seen["compatible stream"] == {"content": _TEXT, "finish": "stop"}
    assert seen["openai responses"] == {"content": _TEXT, "images": [banana]}


def test_openrouter_provider(rest: Rest, banana: str) -> None:
    seen = _run("openrouter.mjs", rest)
    assert seen["text"] == {"content": _TEXT, "images": [banana]}
    assert seen["stream"] == {"content": _TEXT, "images": [banana]}
