"""A first try in one command: start the emulator and a server on free ports, draw one picture over gRPC, stop both."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click

from imagewire_server import bootstrap, logs
from imagewire_server.config.load import Config
from imagewire_server.config.settings import Settings

_MODEL = "gemini/gemini-2.5-flash-image"
_PROMPT = "A banana wearing a costume that says imagewire"


async def draw(output: Path | None) -> int:
    """Draw one picture with the command imagewire, print what arrived, and return the exit code.

    Without an output file, the command chooses an unused name, so that the demo can run more than once.
    """
    logs.configure("warning")
    async with (
        bootstrap.emulated(Config(settings=Settings(grpc="127.0.0.1:0"))) as (config, emulator),
        bootstrap.server(config) as server,
    ):
        port = await server.grpc.start()
        click.echo(f"emulator of Google's API  {emulator.base_url}")
        click.echo(f"imagewire server          127.0.0.1:{port} (gRPC)")
        click.echo(f"drawing                   {_PROMPT!r} with {_MODEL}\n")
        command = ["draw", _PROMPT, "--model", _MODEL, "--target", f"127.0.0.1:{port}", "--json"]
        if output is not None:
            command += ["-o", str(output)]
        # The real command. Its progress goes to this terminal's stderr.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "imagewire", *command, stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
        await server.grpc.drain()
    if process.returncode != 0:
        return process.returncode or 1
    drawn = json.loads(printed)
    same = drawn["sha256"] == emulator.ledger.entries[-1].images[-1]["sha256"]
    _show(drawn, "the same" if same else "DIFFERENT: the picture was changed on its way")
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
        click.echo(f"{name:<25} {value}")
    click.echo(
        "\nBoth servers are stopped. Next:\n"
        "  make run                                   serve with the emulator, on 127.0.0.1:50051 and :4000\n"
        '  .venv/bin/imagewire draw "a red bicycle"   draw with it, in another terminal\n'
        "  GEMINI_API_KEY=... .venv/bin/imagewire-server serve   or serve Google's models, on the same ports"
    )
