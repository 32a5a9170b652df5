"""Servers of one store that are killed and started again, beside their Redis."""

import asyncio
import contextlib
import os
import random
from collections.abc import Iterator
from typing import Any

from tests.integration import processes
from tests.integration.shared_store import Redis


class Replica:
    """A server process that is killed and started again."""

    def __init__(self, emulator: str, settings: dict[str, str]) -> None:
        self.address = ""
        self._emulator, self._settings = emulator, settings
        self._made: Any = None

    async def start(self) -> None:
        """On new ports, behind an address that changes."""
        self._made = processes.server(self._emulator, **self._settings)
        self._program = await asyncio.to_thread(self._made.__enter__)
        self.address = self._program.address

    async def end(self, *, kill: bool = False) -> None:
        """By SIGTERM, or by SIGKILL; once, however often it is called."""
        made, self._made = self._made, None
        if made is None:
            return
        if kill:
            self._program.process.kill()
        await asyncio.to_thread(made.__exit__, None, None, None)


async def kill(servers: list[Replica], redis: Redis, pause: float, over: asyncio.Event) -> int:
    """Every `pause` seconds, kill one of them and start it again, until it is over. Returns how many were killed."""
    killed = 0
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), pause)
        if over.is_set():
            return killed
        chosen = random.choice([*servers, redis])
        if isinstance(chosen, Redis):
            await asyncio.to_thread(chosen.kill)
            await asyncio.to_thread(chosen.start)
        else:
            await chosen.end(kill=True)
            await chosen.start()
        killed += 1


@contextlib.contextmanager
def environ(values: dict[str, str]) -> Iterator[None]:
    """The variables of this process, which its servers inherit."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
