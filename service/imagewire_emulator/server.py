"""Run the emulator: in the caller's event loop, in its own thread, or as a program."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import web

from imagewire_emulator.app import Answerer, EmulatorApp
from imagewire_emulator.command import STDOUT
from imagewire_emulator.credentials import API_KEY, TOKEN
from imagewire_emulator.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator: its address, the credentials that it accepts, and its ledger of requests."""

    host: str
    port: int
    ledger: Ledger
    api_key: str = API_KEY
    token: str = TOKEN

    @property
    def base_url(self) -> str:
        """Its address, to use instead of Google's."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@asynccontextmanager
async def running(
    host: str = "127.0.0.1", port: int = 0, *, answerer: Answerer | None = None
) -> AsyncIterator[Emulator]:
    """Run an emulator in this event loop. Port 0 picks a free one. answerer: a Recorder or a Replayer."""
    app = EmulatorApp(answerer, host)
    # The handler is cancelled when the client disconnects. So the ledger records it at once.
    runner = web.AppRunner(
        app.web, handler_cancellation=True, access_log=None, shutdown_timeout=1.0, auto_decompress=False
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound: int = runner.addresses[0][1]
        yield Emulator(host, bound, app.ledger)
    finally:
        await runner.cleanup()
        if answerer is not None:
            await answerer.close()


@contextmanager
def in_thread() -> Iterator[Emulator]:
    """Run an emulator in its own thread, for callers that block."""
    started: list[Emulator] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def main() -> None:
        async with running() as emulator:
            started.append(emulator)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),), name="emulator", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


def run(host: str, port: int, *, answerer: Answerer | None = None) -> None:
    """Run until SIGINT or SIGTERM. Prints the address to stdout.

    Raises OSError if the address is in use, or, with the file name "stdout", if that cannot be printed.
    """
    asyncio.run(_main(host, port, answerer))


async def _main(host: str, port: int, answerer: Answerer | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(host, port, answerer=answerer) as emulator:
        mode = answerer.words if answerer else f"key {emulator.api_key}, token {emulator.token}"
        url = emulator.base_url
        try:
            print(f"emulator of Google's API on {url}, {mode}; its last calls: {url}/", flush=True)  # noqa: T201
        except OSError as error:
            error.filename = STDOUT
            raise
        await stop.wait()
