"""Hostile input of several kinds against one server, and what was seen."""

import tempfile
import time
from pathlib import Path

from tests.fuzz.hostile.kinds import KINDS, known_seeds
from tests.fuzz.hostile.running import Tally, run, save
from tests.fuzz.hostile.target import serving


async def run_all(kinds: list[str], first: int, count: int) -> int:
    """Run and tell."""
    tally, begun = Tally(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder)) as target:
            for kind in kinds:
                wanted = range(first, first + count)
                seeds = [*(seed for seed in known_seeds(kind) if seed not in wanted and count > 1), *wanted]
                async for case, finding in run(target, map(KINDS[kind].invent, seeds), tally):
                    print(f"{kind} {case.seed}: {finding.kind}: {finding.text:.300}", flush=True)
                print(
                    f"{tally.figures()}, memory +{target.kept / 1e6:.0f} MB, {time.monotonic() - begun:.0f} s",
                    flush=True,
                )
            for (kind, what), those in sorted(tally.found.items()):
                case, finding = min(those, key=lambda one: len(one[0].data))
                file = await save(target, case, finding)
                print(
                    f"{len(those)} x {what}: make fuzz WHAT={kind} SEED={case.seed} COUNT=1: {finding.text:.300}\n"
                    f"    {file}"
                )
    return 1 if tally.found else 0
