"""Runs invented answers and keeps count of what is wrong."""

import collections
import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz import paths, shrink
from tests.fuzz.answer import Answer, build
from tests.fuzz.judge import Finding, judge
from tests.fuzz.paths import Serving
from tests.fuzz.plan import Plan
from tests.fuzz.reading import read

FOLDER = Path(__file__).parent / "failures"
SEEDS = Path(__file__).parent / "seeds.txt"
# The figures that are told, by the kinds of findings.
FIGURES = {
    "pictures lost": ("file lost", "draft lost", "nothing drawn, and no error", "error on a whole answer"),
    "altered": ("file altered or invented", "draft altered or invented", "altered file before an error"),
    "orders changed": ("order changed",),
    "cut ones passed as whole": ("cut passed as whole",),
}


def known_seeds() -> list[int]:
    """The seeds that are always run."""
    lines = (line.partition("#")[0].strip() for line in SEEDS.read_text().splitlines())
    return [int(line) for line in lines if line]


@dataclass
class Tally:
    """What ran, and what was wrong: by path and kind, with seeds."""

    answers: int = 0
    pictures: int = 0
    damaged: int = 0
    found: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=lambda: collections.defaultdict(list))

    def add(self, seed: int, answer: Answer, found: Iterable[tuple[str, Finding]]) -> None:
        """Count an answer."""
        self.answers += 1
        self.damaged += answer.truth.outcome == "error"
        if answer.truth.outcome != "error":
            parts = [part for wanted in answer.truth.candidates.values() for part in wanted]
            self.pictures += sum(part.kind == "picture" for part in parts)
        for path, finding in found:
            self.found[path, finding.kind].append((seed, finding.text))

    def figures(self) -> str:
        """One line."""
        counts = {
            name: sum(len(seeds) for (_, kind), seeds in self.found.items() if kind in kinds)
            for name, kinds in FIGURES.items()
        }
        others = sum(map(len, self.found.values())) - sum(counts.values())
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        return (
            f"{self.answers} answers ({self.pictures} whole pictures, {self.damaged} cut or corrupt answers):"
            f" {told}, {others} other faults"
        )

    def failures(self) -> list[str]:
        """A line for each kind, with how to see it again."""
        return [
            f"{len(seeds)} x {kind} ({path}): make fuzz WHAT=answers SEED={seeds[0][0]} COUNT=1    {seeds[0][1]:.300}"
            for (path, kind), seeds in sorted(self.found.items())
        ]


def through_reader(answer: Answer) -> list[tuple[str, Finding]]:
    """What is wrong with an answer that the reader alone read."""
    try:
        seen = read(answer)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what is looked for
        return [("reader", Finding(f"crash: {type(error).__name__}", repr(error)))]
    return [("reader", finding) for finding in judge(copy.deepcopy(answer.truth), seen)]


async def through(
    answer: Answer, server: Serving | None, name: str, only: Iterable[str] = ()
) -> list[tuple[str, Finding]]:
    """What is wrong by every path, or by some of them. server: None for the reader alone."""
    found = through_reader(answer)
    if server is not None:
        found += await paths.check(server, answer, name, only)
    return found


async def save(plan: Plan, path: str, kind: str, server: Serving | None) -> Path:
    """Make a failing plan smaller and write its body beside what was wrong."""
    trial = 0

    async def wrong(smaller: Plan) -> list[tuple[str, Finding]]:
        nonlocal trial
        trial += 1
        alone = None if path == "reader" else server
        return await through(build(smaller), alone, f"shrink-{plan.seed}-{trial}", [path])

    async def fails(smaller: Plan) -> bool:
        try:
            return any(one == path and finding.kind == kind for one, finding in await wrong(smaller))
        except (IndexError, ValueError):  # no such plan can be
            return False

    smallest = await shrink.shrunk(plan, fails)
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / (re.sub(r"[^a-z0-9]+", "-", f"{plan.seed}-{path}-{kind}".lower()).strip("-") + ".body")
    file.write_bytes(build(smallest).body)
    told: list[Any] = [smallest, *(finding for one, finding in await wrong(smallest) if one == path)]
    file.with_suffix(".txt").write_text("\n".join(map(str, told)) + "\n")
    return file
