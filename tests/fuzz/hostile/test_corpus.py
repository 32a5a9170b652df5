"""Inputs that found a fault once, and some of each kind: none does harm any more."""

import itertools
from pathlib import Path

import pytest

from tests.effort import times
from tests.fuzz.hostile.case import read, told
from tests.fuzz.hostile.kinds import KINDS, known_seeds
from tests.fuzz.hostile.running import Tally, run
from tests.fuzz.hostile.target import serving

pytestmark = pytest.mark.system

_CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.case"))


@pytest.mark.parametrize("kind", KINDS)
async def test_hostile_input_does_no_harm(tmp_path: Path, kind: str) -> None:
    kept = (case for case in map(read, _CORPUS) if case.kind == kind)
    invented = map(KINDS[kind].invent, [*known_seeds(kind), *range(times(400))])
    async with serving(tmp_path, KINDS[kind].key) as target:
        found = [one async for one in run(target, itertools.chain(kept, invented), Tally())]
    assert not found, told(found)
