"""Programs by others, unmodified but for their base URL: each draws, and finds the picture where it looks for it."""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.compat.conftest import TEXT, Rest, missing, needs, sha256_of
from tests.compat.programs.bodies import BODIES, Body
from tests.compat.programs.litellm_answers import read
from tests.pictures import PNG

_HERE = Path(__file__).parent
_PYTHON = _HERE.parents[2] / ".venv-programs/bin/python"
_MODEL = "gemini/gemini-3.1-flash-image"


def _seen(rest: Rest, *command: str | Path) -> dict[str, Any]:
    """What a program prints, a line of JSON for each thing."""
    picture = base64.b64encode(PNG).decode()
    ended = subprocess.run(
        command,
        env={**os.environ, "BASE_URL": rest.v1, "MODEL": _MODEL, "PICTURE": picture},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    return {line.pop("name"): line for line in lines}


def _python(rest: Rest, script: str) -> dict[str, Any]:
    if not _PYTHON.exists():
        missing("the packages of tests/compat/programs/requirements.in: run make interop, which installs them")
    return _seen(rest, _PYTHON, _HERE / script)


def _built(path: str, language: str) -> Path:
    found = _HERE / path
    if not found.exists():
        missing(f"{path}: run make interop, which builds it with {language}")
    return found


def test_openai_agents(rest: Rest) -> None:
    seen = _python(rest, "openai_agents.py")
    assert list(seen) == ["OpenAIChatCompletionsModel", "OpenAIResponsesModel"]
    for told in seen.values():
        assert told == {"output": TEXT, "streamed": TEXT, "tokens": 1189}


def test_llama_index(rest: Rest) -> None:
    seen = _python(rest, "llama_index_chat.py")
    assert seen == {"chat": {"text": TEXT, "finish": "stop"}, "stream": {"text": TEXT}, "edit": {"text": TEXT}}


def test_litellm_as_a_coding_assistant_uses_it(rest: Rest) -> None:
    seen = _python(rest, "aider_like.py")
    assert seen == {"stream": {"text": TEXT, "finish": "stop"}, "whole": {"text": TEXT, "tokens": 1189}}


def test_go(rest: Rest) -> None:
    seen = _seen(rest, _built("go/build/openai", "Go"))
    drawn, edited = _a_banana(rest), seen["edit"]["images"]
    whole = {"text": TEXT, "images": drawn, "finish": "stop"}
    assert seen == {
        "chat": whole,
        "stream": whole,
        "image": {"images": drawn},
        "edit": {"images": edited},
        "community chat": {"text": TEXT, "finish": "stop"},
        "community image": {"images": drawn},
    }
    assert set(edited) < rest.ever_drawn()


def test_java(rest: Rest) -> None:
    target = _built("java/build/target/.stamp", "Maven").parent
    classes = os.pathsep.join(str(target / name) for name in ("classes", "lib/*"))
    seen = _seen(rest, needs("java"), "-cp", classes, "Pictures")
    drawn = _a_banana(rest)
    whole = {"text": TEXT, "images": drawn, "finish": "stop"}
    assert seen == {"chat": whole, "stream": whole, "image": {"text": "", "images": drawn, "finish": ""}}


def _a_banana(rest: Rest) -> list[str]:
    """The picture that everybody asks for: the emulator's depends on the prompt alone."""
    answer = httpx.post(f"{rest.v1}/images/generations", json={"model": _MODEL, "prompt": "A banana"}, timeout=60)
    return [sha256_of(item["b64_json"]) for item in answer.raise_for_status().json()["data"]]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.program)
def test_requests(rest: Rest, body: Body) -> None:
    asked = {"json": body.body} if body.files is None else {"data": body.body, "files": body.files}
    answer = httpx.post(rest.url + body.path, headers=body.headers, timeout=60, **asked)
    assert answer.status_code == 200, answer.text
    seen = read(body.path, answer, stream=bool(body.body.get("stream")))
    assert seen.pictures == rest.drawn()
