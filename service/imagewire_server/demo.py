"""The first ten minutes in one: emulator and server on free ports, one picture drawn over gRPC, both stopped again."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import typer

from imagewire_server import bootstrap, logs
from imagewire_server.config.load import Config
from imagewire_server.config.settings import Settings

_MODEL = "gemini/gemini-2.5-flash-image"
_PROMPT = "A banana wearing a costume that says imagewire"


async def draw(output: Path) -> int:
    """Draw into `output` with the command imagewire, show what came, return its exit code."""
    logs.configure("warning")
    async with (
        bootstrap.emulated(Config(settings=Settings(grpc="127.0.0.1:0"))) as (config, emulator),
        bootstrap.server(config) as server,
    ):
        port = await server.grpc.start(config.settings.grpc)
        typer.echo(f"emulator of Google's API  {emulator.base_url}")
        typer.echo(f"imagewire server          127.0.0.1:{port} (gRPC)")
        typer.echo(f"drawing                   {_PROMPT!r} with {_MODEL}\n")
        command = ("draw", _PROMPT, "--model", _MODEL, "--target", f"127.0.0.1:{port}", "-o", str(output), "--json")
        # The real command, with this terminal's stderr for its progress.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "imagewire", *command, stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
        await server.grpc.drain()
    if process.returncode != 0:
        return process.returncode or 1
    drawn = json.loads(printed)
    same = drawn["sha256"] == emulator.ledger.entries[-1].images[-1]["sha256"]
    _show(drawn, "the same" if same else "ANOTHER: the picture was changed on its way")
    return 0 if same else 1


def _show(drawn: dict[str, Any], in_ledger: str) -> None:
    rows = {
        "file": drawn["file"],
        "frames": drawn["frames"],
        "bytes": drawn["size_bytes"],
        "sha256": drawn["sha256"],
        "in the emulator's ledger": in_ledger,
        "pixels": f"{drawn['width']}x{drawn['height']}",
        "time to first frame": f"{drawn['first_frame_seconds'] * 1000:.0f} ms",
        "text": drawn["text"],
    }
    for name, value in rows.items():
        typer.echo(f"{name:<25} {value}")
    typer.echo(
        "\nBoth servers are stopped. Next:\n"
        "  make run                                   serve with the emulator, on 127.0.0.1:50051\n"
        '  .venv/bin/imagewire draw "a red bicycle"   draw with it, in another terminal\n'
        "  GEMINI_API_KEY=... .venv/bin/imagewire-server serve   serve Google's models"
    )
