"""LiteLLM's page on pictures in chats: its snippets with the import line changed, as programs."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration import processes
from tests.integration.processes import Program

pytestmark = pytest.mark.system

PROMPT = '{"role": "user", "content": "Generate an image of a banana wearing a costume that says LiteLLM"}'
QUICK_START = f"""
from imagewire import completion
import os

os.environ["GEMINI_API_KEY"] = "emulator-key"

response = completion(
    model="gemini/gemini-2.5-flash-image-preview",
    messages=[
        {PROMPT}
    ],
)

print(response.choices[0].message.content)  # Text response
print(response.choices[0].message.image)    # Image data
"""
STREAMING = f"""
from imagewire import completion
import os

os.environ["GEMINI_API_KEY"] = "emulator-key"

response = completion(
    model="gemini/gemini-2.5-flash-image-preview",
    messages=[
        {PROMPT}
    ],
    stream=True,
)

for chunk in response:
    if hasattr(chunk.choices[0].delta, "image") and chunk.choices[0].delta.image is not None:
        print("Generated image:", chunk.choices[0].delta.image["url"])
        break
"""
ASYNC = f"""
from imagewire import acompletion
import asyncio
import os

os.environ["GEMINI_API_KEY"] = "emulator-key"

async def generate_image():
    response = await acompletion(
        model="gemini/gemini-2.5-flash-image-preview",
        messages=[
            {PROMPT}
        ],
    )

    print(response.choices[0].message.content)  # Text response
    print(response.choices[0].message.image)    # Image data
    return response

# Run the async function
asyncio.run(generate_image())
"""
URL = r"data:image/png;base64,iVBORw0KGgo[A-Za-z0-9+/]+={0,2}"
ANSWER = rf"Here's the image you requested:\n\{{'url': '{URL}', 'detail': 'auto'\}}\n"
SNIPPETS = {
    "quick start": (QUICK_START, ANSWER),
    "streaming": (STREAMING, rf"Generated image: {URL}\n"),
    "async": (ASYNC, ANSWER),
}


def run(code: str, folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("IMAGEWIRE_", "GEMINI_", "VERTEXAI_"))}
    # What is left open or unawaited is told on stderr. Not by -X dev, which tells of a slow machine too.
    command = [sys.executable, "-W", "default", "-c", code]
    return subprocess.run(
        command, cwd=folder, env={**clean, **environ}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", SNIPPETS)
@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "server"])
def test_a_snippet_prints_what_the_page_promises(
    tmp_path: Path, emulator: Program, target: str, name: str, *, embedded: bool
) -> None:
    code, expected = SNIPPETS[name]
    before = len(processes.ledger(emulator.address))
    environ = {"IMAGEWIRE_GEMINI_BASE_URL": emulator.address} if embedded else {"IMAGEWIRE_TARGET": target}
    ended = run(code, tmp_path, environ)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(expected, ended.stdout)
    assert len(processes.ledger(emulator.address)) == before + 1


def test_without_a_key_the_error_says_what_to_set(tmp_path: Path) -> None:
    code = QUICK_START.replace('os.environ["GEMINI_API_KEY"] = "emulator-key"', "")
    ended = run(code, tmp_path, {})
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(
        "imagewire.errors.InvalidRequest: no provider is set up: set GEMINI_API_KEY"
    )


def test_a_program_that_ends_in_the_middle_of_an_answer_ends_at_once(tmp_path: Path, emulator: Program) -> None:
    code = f"""
from imagewire import completion

for chunk in completion("gemini/gemini-2.5-flash-image--drip-60000", [{PROMPT}], stream=True):
    print(chunk.choices[0].delta)
    break
"""
    environ = {"IMAGEWIRE_GEMINI_BASE_URL": emulator.address, "GEMINI_API_KEY": "emulator-key"}
    ended = run(code, tmp_path, environ)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "{'role': 'assistant'}\n", "")
