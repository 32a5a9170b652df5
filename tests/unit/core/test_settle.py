"""A call's end: it is counted and logged once, and its interceptors learn of it."""

import asyncio
import gc
import weakref
from collections.abc import Callable

import pytest
from structlog.testing import CapturedCall, CapturingLogger

from imagewire_server.core import fault_log, metrics, settle
from imagewire_server.core.call import Call


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[CapturedCall]:
    """The lines that are logged."""
    made = CapturingLogger()
    monkeypatch.setattr(settle, "_log", made)
    monkeypatch.setattr(fault_log, "_log", made)
    return made.calls


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The calls that are counted, by method and code."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(metrics, "count", lambda call: found.append((call.method, call.code)))
    return found


def test_a_call_is_counted_and_logged_once(log: list[CapturedCall], counted: list[tuple[str, str]]) -> None:
    call = Call("id", "/a/B", code="KEY_INVALID")
    settle.settle(call, code="UNAUTHENTICATED", reason="KEY_INVALID")
    assert counted == [("/a/B", "KEY_INVALID")]
    (line,) = log
    assert (line.method_name, line.args) == ("info", ("call",))
    assert list(line.kwargs) == ["request_id", "method", "code", "reason", "seconds", *call.fields()]


def test_housekeeping_is_not_counted_and_is_logged_at_level_debug(
    log: list[CapturedCall], counted: list[tuple[str, str]]
) -> None:
    settle.settle(Call(quiet=True), code="OK")
    assert [line.method_name for line in log] == ["debug"]
    assert counted == []


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("error", [ValueError("a prompt"), asyncio.CancelledError("a prompt")])
def test_each_interceptor_learns_of_the_end_the_last_one_first_whatever_fails(
    log: list[CapturedCall], error: BaseException
) -> None:
    call, seen = Call("id"), []

    def seeing(name: str) -> Callable[[], None]:
        return lambda: seen.append((name, call.seconds > 0))

    def failing() -> None:
        raise error

    call.on_end += [seeing("first"), failing, seeing("last")]
    settle.settle(call, code="OK")
    _, fault = log
    assert seen == [("last", True), ("first", True)]
    assert fault.args == ("fault",)
    assert (fault.kwargs["kind"], fault.kwargs["request_id"]) == (type(error).__name__, "id")
    assert "a prompt" not in str(fault)


@pytest.mark.usefixtures("counted", "log")
def test_a_call_that_has_ended_is_freed_without_the_garbage_collector() -> None:
    class Held:
        """What ends with the call, and knows it."""

        def __init__(self, call: Call) -> None:
            self.call = call

        def end(self) -> None:
            assert self.call.settled

    call = Call("id")
    held = Held(call)
    call.on_end.append(held.end)
    gone = weakref.ref(held)
    gc.disable()
    try:
        settle.settle(call, code="OK")
        del call, held
        assert gone() is None
    finally:
        gc.enable()


def test_what_cannot_be_counted_costs_no_answer(monkeypatch: pytest.MonkeyPatch, log: list[CapturedCall]) -> None:
    ended: list[bool] = []
    call = Call("id", on_end=[lambda: ended.append(True)])

    def full(call: Call) -> None:
        raise OSError("no space")

    monkeypatch.setattr(metrics, "count", full)
    settle.settle(call, code="OK")
    assert [line.args for line in log] == [("fault",)]
    assert ended == [True]
