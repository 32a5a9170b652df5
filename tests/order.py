"""The order of the tests: those that wait for long begin, and short ones fill what is left of the workers' time."""

from itertools import groupby

import pytest

# Folders and modules whose tests take long, the longest first.
_LONG = (
    "mesh/test_topology.py",  # what it starts is many processes: as the first, it is not shared with another worker
    "mesh",
    "stubs",
    "conformance",
    "docs/test_blocks.py",
    "integration/test_workers.py",
    "examples",
    "hostile",
    "docs/test_site.py",
    "house/test_new_provider.py",
    "sdk/test_cli_chat_terminal.py",
    "integration/test_keep_shared.py",
    "sdk/test_seed.py",
    "sdk/test_testing.py",
    "integration/test_logs.py",
    "integration/test_rest_flow.py",
    "integration/test_drain.py",
    "integration/test_bounded_memory.py",
    "integration/test_failures.py",
    "integration/test_flow.py",
    "integration/test_access.py",
    "integration/test_canary_callers.py",
    "sdk/test_fork.py",
)
# Folders of which no test takes long.
_SHORT = frozenset({"bench", "emulator", "golden", "house", "litellm_files", "unit"})


def dealt(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests in one run for each worker, as xdist's worksteal cuts them: a worker takes what others have at the end.

    A module stays whole, so that what is made once for it is made once, except where it is short.
    """
    modules = [list(group) for _, group in groupby(items, key=lambda item: item.path)]
    ranked = sorted(modules, key=lambda module: _rank(module[0]))
    runs: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for number, module in enumerate(module for module in ranked if not _is_short(module[0])):
        runs[number % workers] += module
    short = [item for module in ranked if _is_short(module[0]) for item in module]
    made: list[pytest.Item] = []
    for number, run in enumerate(runs):
        room = (len(items) - len(made)) // (workers - number)
        filled = max(0, room - len(run))
        made += run + short[:filled]
        del short[:filled]
    return made


def _rank(item: pytest.Item) -> int:
    """The place among those that take long, or behind them."""
    return next((place for place, name in enumerate(_LONG) if _names(item) & {name}), len(_LONG))


def _names(item: pytest.Item) -> set[str]:
    folder = item.path.parent.name
    return {folder, f"{folder}/{item.path.name}"}


def _is_short(item: pytest.Item) -> bool:
    parts = item.nodeid.split("/")
    return _rank(item) == len(_LONG) and len(parts) > 1 and parts[1] in _SHORT
