"""Messages of libraries and of the interpreter are our log lines: their place, and never their text."""

import gc
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from imagewire_server.logs import foreign


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is logged while everything is redirected; all is as before after it."""
    root = logging.getLogger()
    for owner, name in (
        (logging, "raiseExceptions"),
        (warnings, "showwarning"),
        (sys, "excepthook"),
        (threading, "excepthook"),
        (sys, "unraisablehook"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    captured = LogCapture()
    log = structlog.wrap_logger(None, [captured], structlog.make_filtering_bound_logger(0))
    monkeypatch.setattr(foreign, "_log", log)
    foreign.redirect_libraries()
    yield captured.entries
    root.setLevel(level)


def test_a_record_of_a_library_has_its_place(lines: list[Any]) -> None:
    log = logging.getLogger("some.library")
    log.info("too quiet for the secret")
    log.warning("the secret %s", "key")
    log.error("the secret", exc_info=ValueError("the secret"))
    warned, failed = lines
    assert (warned["log_level"], warned["event"], warned["logger"]) == ("warning", "library", "some.library")
    assert warned["place"].startswith(f"{__file__}:")
    assert failed["log_level"] == "error"
    assert "ValueError" in str(failed)
    assert "secret" not in str(lines)


def test_a_record_that_cannot_be_formatted_is_logged_too(lines: list[Any]) -> None:
    logging.getLogger("x").error("%d", "the secret")
    assert [line["event"] for line in lines] == ["library"]


def test_a_warning_has_its_kind_and_place(lines: list[Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning("the secret", DeprecationWarning, "module.py", 7)
    (line,) = lines
    assert (line["log_level"], line["kind"], line["place"]) == ("warning", "DeprecationWarning", "module.py:7")


def test_an_exception_that_nobody_catches_is_told_without_its_text(lines: list[Any]) -> None:
    error = ValueError("the secret")
    sys.excepthook(ValueError, error, None)

    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail, name="worker-7")
    thread.start()
    thread.join()

    class Odd:
        def __del__(self) -> None:
            raise error

    odd = Odd()
    del odd
    gc.collect()
    assert [(line["log_level"], line["event"]) for line in lines] == [
        ("critical", "uncaught exception"),
        ("error", "uncaught exception"),
        ("error", "uncaught exception"),
    ]
    assert lines[1]["thread"] == "worker-7"
    assert all("ValueError" in str(line) for line in lines)
    assert "secret" not in str(lines)
