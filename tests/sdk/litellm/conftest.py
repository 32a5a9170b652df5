"""No test of this folder finds a server by the environment."""

import pytest


@pytest.fixture(autouse=True)
def _no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGEWIRE_TARGET", raising=False)
