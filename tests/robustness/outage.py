"""A server is killed under clients that draw, and comes back: when they draw again, and what was paid twice."""

import asyncio
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from imagewire import AsyncClient, Client, Unavailable
from tests.integration import processes

_SLOW = "gemini/emulator-drip-60000-8000000"

Draw = Callable[[str, str], object]


@dataclass
class Caller:
    """One client, asked again and again. again: when it drew again. wrong: errors that it should not have raised."""

    name: str
    failed: int = 0
    again: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def run(self, draw: Draw) -> None:
        """A picture, one that the server's end cuts off, and then as many calls as it takes until there is another."""
        draw(f"draw {self.name}-before", "")
        self._ends_unavailable(draw, "cut", _SLOW, retryable=False)
        while self._ends_unavailable(draw, f"away-{self.failed}", "", retryable=True):
            self.failed += 1
        self.again = time.monotonic()

    def _ends_unavailable(self, draw: Draw, what: str, model: str, *, retryable: bool) -> bool:
        try:
            draw(f"draw {self.name}-{what}", model)
        except Unavailable as error:
            if error.retryable is not retryable:
                self.wrong.append(f"{self.name}-{what}: retryable is {error.retryable}: {error}")
            return True
        return False


def outage(seconds: float = 65.0, within: float = 2.0) -> list[str]:
    """What was wrong with an outage of so many seconds, or as long as it takes until each client has seen it.

    within: seconds after the server's return in which each client draws again.

    A Client and an AsyncClient are in use all the time; another Client is made when the server is back.
    """
    callers = Caller("sync"), Caller("async")
    with (
        tempfile.TemporaryDirectory() as folder,
        processes.emulator() as emulator,
        ThreadPoolExecutor(2) as threads,
    ):
        with processes.server(emulator.address, keep="local", keep_dir=folder) as server:
            address = server.address
            ways = _with_client, _with_loop
            running = [threads.submit(way, address, each) for way, each in zip(ways, callers, strict=True)]
            while len(processes.ledger(emulator.address)) < 4:  # each has drawn one, and has one under way
                time.sleep(0.05)
            server.process.kill()
        time.sleep(seconds)
        while not all(each.failed for each in callers):
            time.sleep(0.05)
        with processes.server(emulator.address, "--grpc", address, keep="local", keep_dir=folder):
            back = time.monotonic()
            with Client(address) as client:
                client.draw("draw new-again")
            took = {"a new client": time.monotonic() - back}
            for each in running:
                each.result(60)
            took |= {each.name: each.again - back for each in callers}
        sent = Counter(re.findall(r"draw ([\w-]+)", str([each["body"] for each in processes.ledger(emulator.address)])))
    failed = {each.name: each.failed for each in callers}
    told = ", ".join(f"{name} {late:.2f} s" for name, late in took.items())
    sys.stdout.write(f"{seconds:g} s without a server, calls that failed: {failed}; ")
    sys.stdout.write(f"drew again: {told}; {len(sent)} paid\n")
    return [
        *(wrong for each in callers for wrong in each.wrong),
        *(f"{name} draws again after {late:.2f} s" for name, late in took.items() if late > within),
        *(f"{name} was paid {number} times" for name, number in sent.items() if number > 1),
    ]


def _with_client(address: str, caller: Caller) -> None:
    with Client(address) as client:
        caller.run(lambda prompt, model: client.draw(prompt, model=model))


def _with_loop(address: str, caller: Caller) -> None:
    client = AsyncClient(address)
    with asyncio.Runner() as loop:
        caller.run(lambda prompt, model: loop.run(client.draw(prompt, model=model)))
        loop.run(client.close())
