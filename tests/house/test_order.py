"""The order of the tests drops none of them, and knows the modules that it names."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import order

TESTS = Path(__file__).parents[1]
NAMES = ["docs/test_blocks.py", "unit/test_a.py", "sdk/test_b.py", "integration/test_workers.py", "golden/test_c.py"]


def items(counts: Sequence[int]) -> list[Any]:
    """So many tests of each module."""
    return [
        SimpleNamespace(path=TESTS / name, nodeid=f"tests/{name}::{number}")
        for name, count in zip(NAMES, counts, strict=True)
        for number in range(count)
    ]


@pytest.mark.parametrize(
    "counts", [(9, 1, 1, 1, 1), (1, 20, 1, 1, 7), (3, 0, 0, 0, 0), (0, 2, 0, 0, 1), (2, 3, 2, 3, 2)]
)
@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_each_test_is_dealt_once(counts: Sequence[int], workers: int) -> None:
    given = items(counts)
    assert sorted(one.nodeid for one in order.dealt(given, workers)) == sorted(one.nodeid for one in given)


@pytest.mark.parametrize("name", sorted({*order._LONG, *order._SHORT}))
def test_what_is_named_is_there(name: str) -> None:
    assert [path for path in TESTS.rglob("*") if path.as_posix().endswith(f"/{name}")]
