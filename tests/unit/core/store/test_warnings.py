"""A store's faults in the log: each once a minute, by what it was about to do."""

from types import SimpleNamespace
from typing import Any

import pytest

from imagewire_server.core.store import warnings
from imagewire_server.core.store.warnings import Warnings


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The fields of what is logged."""
    found: list[dict[str, Any]] = []

    class Log:
        def warning(self, event: str, **fields: Any) -> None:
            found.append(fields)

    monkeypatch.setattr(warnings, "_log", Log())
    return found


def test_each_fault_is_told_once_a_minute(told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 100.0, 159.0, 159.0, 160.0, 160.0])
    monkeypatch.setattr(warnings, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    said = Warnings()
    for _ in range(3):
        said.warn("reading it", OSError())
        said.warn("closing it", OSError())
    assert [fields["what"] for fields in told] == ["reading it", "closing it"] * 2


def test_two_stores_tell_their_own(told: list[dict[str, Any]]) -> None:
    for said in Warnings(), Warnings():
        said.warn("reading it", OSError())
    assert len(told) == 2


def test_the_text_of_an_error_is_not_told(told: list[dict[str, Any]]) -> None:
    Warnings().warn("reading it", OSError("a caller's words"))
    assert told == [{"what": "reading it", "kind": "OSError", "places": []}]
