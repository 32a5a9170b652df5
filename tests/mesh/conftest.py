"""These tests measure: they come last, so that nothing else runs beside them."""

from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: Path(__file__).parent in item.path.parents)
