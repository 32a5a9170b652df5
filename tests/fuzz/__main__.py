"""Invented answers of a provider, and hostile input: python -m tests.fuzz --what all --seed 0 --count 1000."""

import argparse
import asyncio
import contextlib
import sys
import time

from tests.fuzz.answer import build
from tests.fuzz.hostile.command import run_all
from tests.fuzz.hostile.kinds import KINDS
from tests.fuzz.invent import invent
from tests.fuzz.paths import PATHS, serving
from tests.fuzz.running import Tally, known_seeds, save, through


async def answers(seeds: list[int], *, reader: bool, only: list[str]) -> int:
    """Run and tell. reader: through the reader alone."""
    tally, begun = Tally(), time.monotonic()
    async with contextlib.AsyncExitStack() as stack:
        server = None if reader else await stack.enter_async_context(serving())
        for seed in seeds:
            answer = build(invent(seed))
            found = await through(answer, server, f"seed-{seed}", only)
            tally.add(seed, answer, found)
            for path, finding in found:
                print(f"seed {seed}, {path}: {finding.kind}: {finding.text:.200}", flush=True)
            if tally.answers % 1000 == 0:
                print(f"{tally.figures()}, {time.monotonic() - begun:.0f} s", flush=True)
        saved = [
            await save(invent(those[0][0]), path, kind, server) for (path, kind), those in sorted(tally.found.items())
        ]
    ways = ["reader"] if reader else ["reader", *(only or PATHS)]
    print(f"{tally.figures()}\nthrough {', '.join(ways)}, in {time.monotonic() - begun:.0f} s")
    for line, file in zip(tally.failures(), saved, strict=True):
        print(f"{line}\n    the smallest body: {file}")
    return 1 if tally.found else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument(
        "--what", default="answers", choices=("all", "answers", *KINDS), help="a provider's answers or input"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first")
    parser.add_argument("--count", type=int, default=10_000, help="how many of each kind")
    parser.add_argument("--reader", action="store_true", help="answers: through the reader alone")
    parser.add_argument("--path", action="append", default=[], choices=PATHS, help="answers: through these only")
    given = parser.parse_args()
    failed = 0
    if given.what in {"all", "answers"}:
        wanted = range(given.seed, given.seed + given.count)
        listed = [seed for seed in known_seeds() if seed not in wanted] if given.count > 1 else []
        failed = asyncio.run(answers([*listed, *wanted], reader=given.reader, only=given.path))
    kinds = [kind for kind in KINDS if given.what in {"all", kind}]
    if kinds:
        failed |= asyncio.run(run_all(kinds, given.seed, given.count))
    sys.exit(failed)
