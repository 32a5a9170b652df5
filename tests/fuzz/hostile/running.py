"""Sends cases in chunks, asks after each what else went wrong in the server, and finds which case did it."""

import asyncio
import collections
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tests.fuzz.hostile.case import Case, Finding
from tests.fuzz.hostile.kinds import KINDS
from tests.fuzz.hostile.shrink import shrunk
from tests.fuzz.hostile.target import Target

FOLDER = Path(__file__).parents[1] / "failures"
_CHUNK = 50
Found = list[tuple[Case, Finding]]


@dataclass
class Tally:
    """What ran, and what was wrong: by kind of input and kind of finding."""

    inputs: collections.Counter[str] = field(default_factory=collections.Counter)
    sent: int = 0
    found: dict[tuple[str, str], Found] = field(default_factory=lambda: collections.defaultdict(list))

    def add(self, cases: Sequence[Case], found: Found) -> None:
        """Count a chunk."""
        for case in cases:
            self.inputs[case.kind] += 1
            self.sent += len(case.data)
        for case, finding in found:
            self.found[case.kind, finding.kind].append((case, finding))

    def figures(self) -> str:
        """One line."""
        counted = ", ".join(f"{count} {kind}" for kind, count in self.inputs.items())
        return f"{counted} ({self.sent / 1e6:.0f} MB): {sum(map(len, self.found.values()))} faults"


async def run(target: Target, cases: Iterable[Case], tally: Tally) -> AsyncIterator[tuple[Case, Finding]]:
    """All cases, which are of one kind: what is wrong, as it is found."""
    left = iter(cases)
    while chunk := list(islice(left, _CHUNK)):
        found = await together(target, chunk)
        tally.add(chunk, found)
        for one in found:
            yield one


async def together(target: Target, cases: list[Case]) -> Found:
    """A chunk. What is wrong with no single answer is looked for once more, with each case alone."""
    found, others = await _sent(target, cases)
    if len(cases) == 1:
        return [*found, *((cases[0], finding) for finding in others)]
    if others:
        alone = [(case, finding) for case in cases for finding in (await _sent(target, [case]))[1]]
        kinds = {finding.kind for _, finding in alone}
        all_of_them = Case(cases[0].kind, b"", seed=f"{cases[0].seed} to {cases[-1].seed}")
        found += alone
        found += [(all_of_them, finding) for finding in others if finding.kind not in kinds]
    return found


async def _sent(target: Target, cases: list[Case]) -> tuple[Found, list[Finding]]:
    """What is wrong with the answers, by case; and what else is wrong."""
    kind = KINDS[cases[0].kind]
    await target.begin()
    left = iter(cases)
    found: Found = []

    async def sender() -> None:
        for case in left:
            try:
                found.extend((case, finding) for finding in await kind.send(target, case))
            except OSError as error:
                found.append((case, Finding("no connection", repr(error))))

    await asyncio.gather(*(sender() for _ in range(kind.at_once)))
    largest = sum(sorted(len(case.data) for case in cases)[-kind.at_once :])
    return found, await target.end(largest)


async def save(target: Target, case: Case, finding: Finding) -> Path:
    """Make a case smaller while it still fails so, and write it beside what was wrong."""

    async def fails(smaller: Case) -> bool:
        return any(one.kind == finding.kind for _, one in await together(target, [smaller]))

    smallest = await shrunk(case, fails)
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / (re.sub(r"[^a-z0-9]+", "-", f"{case.kind}-{case.seed}-{finding.kind}".lower()).strip("-") + ".case")
    smallest.write(file)
    file.with_suffix(".txt").write_text(f"{finding.kind}\n{finding.text}\n")
    return file
