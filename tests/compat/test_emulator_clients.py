"""The programs of docs/emulator.md, unmodified but for the address: each draws two pictures with the emulator.

LiteLLM's is run by test_litellm, which has loaded the package.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from imagewire_emulator import Emulator, in_thread
from tests.compat.conftest import missing, needs, package
from tests.compat.test_node import install

HERE = Path(__file__).parent
ADDRESS = "http://127.0.0.1:8787"
# Google's SDK has warnings of its own.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def emulator() -> Any:
    with in_thread() as made:
        yield made


def source(path: str, emulator: Emulator) -> str:
    text = (HERE / path).read_text()
    assert ADDRESS in text
    return text.replace(ADDRESS, emulator.base_url)


def run(path: str, emulator: Emulator) -> None:
    """Run a Python program here: its packages take seconds to load, and other tests of this module need them too."""
    exec(compile(source(path, emulator), path, "exec"), {})  # noqa: S102  # our program


def check(printed: str, emulator: Emulator) -> None:
    """Each line has a media type and a size; two pictures were drawn as the header asked."""
    lines = printed.splitlines()
    assert len(lines) == 2
    assert all(re.fullmatch(r"(?:data:)?image/png \d{7}", line) for line in lines)
    assert emulator.ledger.entries[-1].emulate == "two-images"


def test_python(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    package("google.genai")
    run("programs/genai_emulator.py", emulator)
    check(capsys.readouterr().out, emulator)


def ran_by_node(path: str, emulator: Emulator) -> str:
    node = needs("node")
    install()
    command = [node, "--input-type=module", "--eval", source(path, emulator)]
    return subprocess.run(command, cwd=HERE / "node", capture_output=True, text=True, check=True).stdout


def test_node(emulator: Emulator) -> None:
    check(ran_by_node("node/genai.mjs", emulator), emulator)


def test_node_gets_what_is_served_beside_generate_content(emulator: Emulator) -> None:
    assert ran_by_node("node/genai_resources.mjs", emulator).splitlines() == [
        "models true models/gemini-3.1-flash-lite-image",
        "tokens 2",
        "file ACTIVE true",
        "cache 1150",
        "chat 4 STOP",
        "batch JOB_STATE_SUCCEEDED image/png",
        "embeddings 400 true",
    ]


def test_go(emulator: Emulator) -> None:
    program = HERE / "programs/go_genai/build/genai"
    if not program.exists():
        missing(f"{program.name}: run make interop, which builds it with go")
    environ = {**os.environ, "GOOGLE_GEMINI_BASE_URL": emulator.base_url, "GEMINI_API_KEY": emulator.api_key}
    check(subprocess.run([program], env=environ, capture_output=True, text=True, check=True).stdout, emulator)
