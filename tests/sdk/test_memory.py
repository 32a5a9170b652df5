"""Fifty pictures at once, written to disk as they come: the client holds none of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.processes import Program, ledger

pytestmark = pytest.mark.system

PICTURES, SIZE = 50, 8_000_000
PROGRAM = """
import asyncio, hashlib, json, re, sys
from pathlib import Path
from imagewire import AsyncClient

def memory(field):
    return int(re.search(field + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

async def draw(client, number):
    chat = client.chat.create("gemini/emulator-size-8MB").append(f"Picture {number}")
    with open(f"{number}.png", "wb") as file:
        async for answer, chunk in chat.frames():
            file.write(chunk.data)
    return answer.image.sha256

async def main(target, number):
    async with AsyncClient(target) as client:
        await client.draw("A banana")  # what is loaded once is no part of the growth
        Path("/proc/self/clear_refs").write_text("5")
        before = memory("VmRSS")
        said = await asyncio.gather(*(draw(client, i) for i in range(number)))
        grown = memory("VmHWM") - before
    written = [hashlib.sha256(Path(f"{i}.png").read_bytes()).hexdigest() for i in range(number)]
    print(json.dumps({"grown": grown, "said": said, "written": written}))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def test_fifty_pictures_at_once(tmp_path: Path, target: str, emulator: Program) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, target, str(PICTURES)], cwd=tmp_path, stdout=subprocess.PIPE, check=True
    )
    seen = json.loads(ended.stdout)
    sent = [entry["images"][0]["sha256"] for entry in ledger(emulator.address)[-PICTURES:]]
    assert sorted(seen["written"]) == sorted(sent)
    assert seen["said"] == seen["written"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == PICTURES * SIZE
    assert seen["grown"] < 100_000_000
