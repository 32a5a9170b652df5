"""Hostile input of several kinds against one server, and what was seen."""

import tempfile
import time
from pathlib import Path

from tests.fuzz.hostile.kinds import KINDS, known_seeds
from tests.fuzz.hostile.running import Found, Tally, run, save
from tests.fuzz.hostile.target import Target, serving


async def run_all(kinds: list[str], first: int, count: int) -> int:
    """Run and tell."""
    tally, begun = Tally(), time.monotonic()
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            async with serving(Path(folder), KINDS[kind].key) as target:
                await _run(target, kind, range(first, first + count), tally)
                print(
                    f"{tally.figures()}, memory +{target.kept / 1e6:.0f} MB, {time.monotonic() - begun:.0f} s",
                    flush=True,
                )
    return 1 if tally.found else 0


async def _run(target: Target, kind: str, wanted: range, tally: Tally) -> None:
    listed = [seed for seed in known_seeds(kind) if seed not in wanted and len(wanted) > 1]
    found: dict[str, Found] = {}
    async for case, finding in run(target, map(KINDS[kind].invent, [*listed, *wanted]), tally):
        found.setdefault(finding.kind, []).append((case, finding))
        print(f"{kind} {case.seed}: {finding.kind}: {finding.text:.300}", flush=True)
    for what, those in sorted(found.items()):
        case, finding = min(those, key=lambda one: len(one[0].data))
        file = await save(target, case, finding)
        print(f"{len(those)} x {what}: make fuzz WHAT={kind} SEED={case.seed} COUNT=1\n    {file}", flush=True)
