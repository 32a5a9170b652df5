"""Google's SDKs for Node, Go and Java through our server, with nothing changed but the base URL and the key.

What they say is what they say when they ask Google, which is the emulator here.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.compat.conftest import KEY, missing, needs
from tests.compat.native_table import calls, compared
from tests.compat.test_node import install

HERE = Path(__file__).parent


def node() -> list[str]:
    program = needs("node")
    install()
    return [program, str(HERE / "node/native.mjs")]


def go() -> list[str]:
    program = HERE / "programs/go_genai/build/native"
    if not program.exists():
        missing("Google's Go client: run make interop, which builds it with go")
    return [str(program)]


def java() -> list[str]:
    stamp = HERE / "programs/java_genai/build/target/.stamp"
    if not stamp.exists():
        missing("Google's Java client: run make interop, which builds it with Maven")
    classes = os.pathsep.join(str(stamp.parent / name) for name in ("classes", "lib/*"))
    return [needs("java"), "-cp", classes, "Native"]


def said(command: list[str], url: str, key: str, *, vertex: bool) -> dict[str, Any]:
    environ = {**os.environ, "BASE_URL": url, "KEY": key, "VERTEX": "1" if vertex else ""}
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_GENAI_USE_VERTEXAI"):
        environ.pop(name, None)
    asked = "".join(json.dumps(call) + "\n" for call in calls(vertex=vertex))
    ended = subprocess.run(
        command, cwd=HERE / "node", input=asked, capture_output=True, text=True, env=environ, timeout=250, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return compared(ended.stdout)


@pytest.mark.parametrize("api", ["gemini", "vertex"])
@pytest.mark.parametrize("program", [node, go, java])
def test_every_answer_is_what_google_says(google: dict[str, str], program: Any, api: str) -> None:
    command, vertex = program(), api == "vertex"
    directly = said(command, google["directly"], "emulator-key", vertex=vertex)
    through = said(command, google[api], KEY, vertex=vertex)
    assert list(directly) == [call["name"] for call in calls(vertex=vertex)]
    assert len(directly) >= (12 if vertex else 60)
    for name, answer in directly.items():
        assert through[name] == answer, name
        assert bool(answer.get("code")) == ("error" in name or "unknown" in name), answer
