"""Servers that break their word: what is charged is said, what is refused is not asked again, and time is kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

import imagewire
from imagewire.v1.chat_service_pb2 import ResumeCompletionResponse
from tests.sdk.asks import Ask, failing, streams
from tests.sdk.conftest import Event, Script, good_stream, scripted


def _lost(context: Any) -> None:
    context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")


def _kept() -> list[Event]:
    """The beginning of an answer that the server keeps."""
    started, *events = good_stream()
    started.started.expire_time.GetCurrentTime()
    return [started, *events[:2]]


@dataclass
class _Resuming(Script):
    """resume: how each resumption fails."""

    resume: Callable[[Any], None] = field(default=lambda context: None)

    def ResumeCompletion(self, request: Any, context: Any) -> Iterator[ResumeCompletionResponse]:
        self.requests.append(request)
        if self.resume is _wait:
            self.over.wait(300)  # longer than the call has
        self.resume(context)
        yield from ()


def _wait(_: Any) -> None:
    """The server says nothing more."""


@streams
def test_what_was_cut_and_then_refused_may_be_charged(stream: Ask) -> None:
    script = _Resuming(events=_kept(), fail=_lost, resume=failing("UNAVAILABLE", "OVERLOADED"))
    with scripted(script) as target, pytest.raises(imagewire.Unavailable) as failed:
        stream(target, "m", "x", made={"retries": 1, "timeout": 5})
    assert (failed.value.reason, failed.value.retryable) == ("OVERLOADED", False)


@streams
def test_a_deadline_that_passes_while_a_cut_answer_is_resumed_is_one(stream: Ask) -> None:
    script = _Resuming(events=_kept(), fail=_lost, resume=_wait)
    with scripted(script) as target, pytest.raises(imagewire.DeadlineExceeded, match="charged"):
        stream(target, "m", "x", made={"timeout": 3})


@streams
def test_a_server_that_does_not_end_its_stream_takes_nothing_away(stream: Ask) -> None:
    with scripted(Script(hold=True)) as target:
        events = stream(target, "m", "x", made={"timeout": 2})
    assert events[-1].HasField("finished")


@streams
@pytest.mark.parametrize(
    ("pushback", "retryable", "after"),
    [("3600000", True, 3600.0), ("9" * 20, False, 7.0), ("abc", False, 7.0), ("-7", False, 7.0)],
)
def test_a_call_is_not_repeated_against_the_servers_word(
    stream: Ask, pushback: str, retryable: bool, after: float
) -> None:
    script = Script(events=[], fail=failing("UNAVAILABLE", "OVERLOADED", pushback=pushback))
    with scripted(script) as target, pytest.raises(imagewire.Unavailable) as failed:
        stream(target, "m", "x")
    assert len(script.requests) == 1
    assert (failed.value.retryable, failed.value.retry_after) == (retryable, after)
