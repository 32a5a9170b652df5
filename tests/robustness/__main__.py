"""`python -m tests.robustness`: callers of two servers that share a store, while the servers are killed.

Each server lives for some seconds: it is killed and started again, now and then on a disk that takes no file over a
megabyte, or with a clock that jumps. In the end the model checks what the callers saw.
"""

import argparse
import asyncio
import contextlib
import random
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.integration import processes
from tests.robustness.callers import Callers
from tests.robustness.model import violations

_CALLERS = 6
_NO_ROOM_IS_MADE = str(10**12)  # bytes: what made room would have another end
_FULL_DISK = ("sh", "-c", 'ulimit -f 2000; exec "$@"', "sh")


@dataclass
class Replica:
    """A server that is killed and started again. module: what it runs, None for any."""

    emulator: str
    folder: str
    dice: random.Random
    module: str | None = None
    address: str = ""
    lives: Counter[str] = field(default_factory=Counter)

    async def run(self, until: float) -> None:
        """Live until this time of the loop's clock, many times. Call `start` first."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(self.dice.uniform(1.0, 5.0), until - loop.time()))  # how long it lives
            self._server.process.kill()
            with contextlib.suppress(ProcessLookupError):
                await asyncio.to_thread(self._made.__exit__, None, None, None)
            if loop.time() >= until:
                return
            await self.start()

    async def start(self) -> None:
        """Begin a life, and return when it serves."""
        life = self.dice.choice(("plain", "plain", "plain", "full disk", "jumping clock"))
        module = self.module or ("tests.robustness.jumping_clock" if life == "jumping clock" else "imagewire_server")
        before = _FULL_DISK if life == "full disk" else ()
        self._made = processes.server(self.emulator, before=before, module=module, **_kept(self.folder))
        self._server = await asyncio.to_thread(self._made.__enter__)
        self.address = self._server.address
        self.lives[life] += 1


async def check(seconds: float, seed: int, module: str | None = None) -> list[str]:
    """Run callers and servers; return what of the promise was broken."""
    dice = random.Random(seed)
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as folder, processes.emulator() as emulator:
        replicas = [Replica(emulator.address, folder, random.Random(dice.random()), module) for _ in range(2)]
        idents: list[str] = []
        callers = [Callers(lambda: dice.choice(replicas).address, idents, seed + number) for number in range(_CALLERS)]
        for replica in replicas:
            await replica.start()
        until = loop.time() + seconds
        ledger: dict[int, dict[str, Any]] = {}
        async with asyncio.TaskGroup() as group:
            # To the end: the emulator forgets the oldest of many.
            reading = group.create_task(_read_ledger(emulator.address, ledger))
            await asyncio.gather(*(replica.run(until) for replica in replicas), *(one.run(until) for one in callers))
            _note_ledger(emulator.address, ledger)
            # What each id gives when all is quiet again, but for those that reached neither a server nor the provider.
            reached = {seen.request_id for one in callers for seen in one.history if seen.end != "UNREACHABLE"}
            reached.update(filter(None, map(_ident, ledger.values())))
            every = [ident for ident in dict.fromkeys(idents) if ident in reached]
            with processes.server(emulator.address, **_kept(folder)) as server:
                for replica in replicas:
                    replica.address = server.address
                sys.stdout.write(f"{len(every)} of {len(set(idents))} ids are asked for once more\n")
                await asyncio.gather(*(one.replay(every[number::_CALLERS]) for number, one in enumerate(callers)))
            reading.cancel()
        _note_ledger(emulator.address, ledger)
    return _judged(callers, ledger, replicas)


def _kept(folder: str) -> dict[str, str]:
    return {"keep_dir": folder, "keep_max_bytes": _NO_ROOM_IS_MADE}


def _judged(callers: list[Callers], ledger: dict[int, dict[str, Any]], replicas: list[Replica]) -> list[str]:
    history = [seen for one in callers for seen in one.history]
    asked: Counter[str] = Counter()
    pictures: dict[str, str] = {}
    for entry in ledger.values():
        if ident := _ident(entry):
            asked[ident] += 1
            if entry["images"]:
                pictures[ident] = entry["images"][0]["sha256"]
    lives = sum((replica.lives for replica in replicas), Counter())
    ends = Counter(seen.end or "cut by its caller" for seen in history)
    sys.stdout.write(f"{len(history)} calls for {len(asked)} ids, {sum(asked.values())} drawn; ends {dict(ends)}\n")
    sys.stdout.write(f"servers {dict(lives)}\n")
    found = violations(history, asked, pictures, is_full=lives["full disk"] > 0)
    return found if ends["OK"] else [*found, "no call had an answer"]


def _ident(entry: dict[str, Any]) -> str:
    """The request_id that an entry of the ledger was drawn for, "" where it names none."""
    found = re.search(r"draw ([0-9a-f-]{36})", str(entry["body"]))
    return found[1] if found else ""


async def _read_ledger(address: str, ledger: dict[int, dict[str, Any]]) -> None:
    while True:
        await asyncio.to_thread(_note_ledger, address, ledger)
        await asyncio.sleep(1.0)


def _note_ledger(address: str, ledger: dict[int, dict[str, Any]]) -> None:
    for entry in processes.ledger(address):
        ledger[entry["id"]] = entry


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.robustness", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--planted-bug", action="store_true", help="serve with a bug that the model must find")
    given = parser.parse_args()
    found = asyncio.run(check(given.seconds, given.seed, "tests.robustness.planted_bug" if given.planted_bug else None))
    sys.stdout.write("".join(f"{words}\n" for words in found[:20]) + f"{len(found)} violations\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
