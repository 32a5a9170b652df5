"""A first try in one command: start the emulator and a server on free ports, draw one picture over gRPC, stop both."""

import asyncio
import signal
import time
import webbrowser
from pathlib import Path
from typing import Any

import click

from imagewire import Answer, AsyncClient, ImagewireError
from imagewire.files import named_after, write_as
from imagewire_server import bootstrap, logs
from imagewire_server.config.load import Config
from imagewire_server.config.settings import Settings

_MODEL = "gemini/gemini-2.5-flash-image"
_PROMPT = "A banana wearing a costume that says imagewire"
_LEDGER = "in the emulator's ledger"


async def draw(output: Path | None) -> int:
    """Draw one picture with the Python client, print what arrived, and return the exit code.

    Without an output file, the picture gets an unused name, so that the demo can run more than once.
    """
    logs.configure("warning")
    async with (
        bootstrap.emulated(Config(settings=Settings(grpc="127.0.0.1:0"))) as (config, emulator),
        bootstrap.server(config) as server,
    ):
        target = f"127.0.0.1:{await server.grpc.start()}"
        click.echo(f"emulator of Google's API  {emulator.base_url}")
        click.echo(f"imagewire server          {target} (gRPC)")
        click.echo(f"drawing                   {_PROMPT!r} with {_MODEL}\n")
        try:
            drawn = await _draw(target, output)
        except (ImagewireError, OSError) as error:
            click.echo(f"imagewire-server: {error}", err=True)
            return 1
        await server.grpc.drain()
    same = drawn["sha256"] == emulator.ledger.entries[-1].images[-1]["sha256"]
    _show(drawn, "the same" if same else "DIFFERENT: the picture was changed on its way")
    return 0 if same else 1


async def show() -> int:
    """Open the page in the user's browser, from a server before the emulator, until SIGINT or SIGTERM."""
    logs.configure("warning")
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    given = Config(settings=Settings(grpc="127.0.0.1:0", rest="127.0.0.1:0", drain_grace=0.0))
    async with bootstrap.emulated(given) as (config, _), bootstrap.server(config) as server:
        target = f"127.0.0.1:{await server.grpc.start()}"
        url = f"http://127.0.0.1:{await server.rest.start()}/"
        click.echo(f"imagewire server  {target} (gRPC)\nthe page          {url}\nCtrl-C ends both.")
        if not await asyncio.to_thread(webbrowser.open, url):
            click.echo("No browser was found: open the page yourself.", err=True)
        await ended.wait()
        await asyncio.gather(server.grpc.drain(), server.rest.drain())
    return 0


async def _draw(target: str, output: Path | None) -> dict[str, Any]:
    """What arrived. Raises ImagewireError and OSError."""
    begun, first, frames = time.monotonic(), 0.0, 0
    answer = Answer()
    async with AsyncClient(target) as client:
        async for growing, chunk in client.chat.create(_MODEL).append(_PROMPT).stream():
            answer = growing
            if chunk.data:
                first = first or time.monotonic() - begun
                frames += 1
    image = answer.image
    if image is None:
        raise ImagewireError(answer.why_no_image)
    folder = Path() if output is None else output.parent
    file = write_as(folder, image.data, lambda: output or named_after(_PROMPT, image.mime_type, folder))
    return {
        "file": file,
        "frames": frames,
        "bytes": image.size_bytes,
        "sha256": image.sha256,
        "pixels": f"{image.width}x{image.height}",
        "time to first frame": f"{first * 1000:.0f} ms",
        "text": answer.text,
    }


def _show(drawn: dict[str, Any], in_ledger: str) -> None:
    for name, value in drawn.items():
        click.echo(f"{name:<25} {value}")
        if name == "sha256":
            click.echo(f"{_LEDGER:<25} {in_ledger}")
    click.echo(
        "\nBoth servers are stopped. Next:\n"
        "  make run                                   serve with the emulator, on 127.0.0.1:50051 and :4000\n"
        '  .venv/bin/imagewire draw "a red bicycle"   draw with it, in another terminal\n'
        "  GEMINI_API_KEY=... .venv/bin/imagewire-server serve   or serve Google's models, on the same ports"
    )
