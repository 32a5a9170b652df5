"""How calls fail: every status, and what gRPC itself reports."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.rpc.status_pb2 import Status

import imagewire
from tests.sdk.asks import MODEL, Ask, acreated, astreamed, created, creates, everything, failing, streamed
from tests.sdk.conftest import Script, scripted

KINDS: list[tuple[str, str, type[imagewire.ImagewireError]]] = [
    ("INVALID_ARGUMENT", "INVALID_REQUEST", imagewire.InvalidRequest),
    ("UNAUTHENTICATED", "KEY", imagewire.Unauthenticated),
    ("PERMISSION_DENIED", "X", imagewire.PermissionDenied),
    ("NOT_FOUND", "MODEL_NOT_FOUND", imagewire.ModelNotFound),
    ("NOT_FOUND", "OTHER_NOT_FOUND", imagewire.NotFound),
    ("RESOURCE_EXHAUSTED", "OVERLOADED", imagewire.RateLimited),
    ("RESOURCE_EXHAUSTED", "ANSWER_TOO_LARGE", imagewire.AnswerTooLarge),
    ("RESOURCE_EXHAUSTED", "UPSTREAM_TOO_LARGE", imagewire.ServerError),
    ("DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", imagewire.DeadlineExceeded),
    ("UNAVAILABLE", "UPSTREAM_UNREACHABLE", imagewire.Unavailable),
    ("UNIMPLEMENTED", "NOT_BUILT", imagewire.NotSupported),
    ("DATA_LOSS", "UPSTREAM_CUT", imagewire.CorruptAnswer),
    ("INTERNAL", "INTERNAL", imagewire.ServerError),
    ("FAILED_PRECONDITION", "UPSTREAM_CREDENTIALS", imagewire.ServerError),
    ("ABORTED", "CLIENT_STALLED", imagewire.ServerError),
    ("OUT_OF_RANGE", "X", imagewire.InvalidRequest),
    ("CANCELLED", "X", imagewire.Cancelled),
    ("UNKNOWN", "X", imagewire.ServerError),
]


@pytest.mark.parametrize(("code", "reason", "kind"), KINDS)
def test_every_status_has_its_class(code: str, reason: str, kind: type[imagewire.ImagewireError]) -> None:
    with scripted(Script(fail=failing(code, reason))) as target:
        for ask in (streamed, created, astreamed, acreated):
            with pytest.raises(imagewire.ImagewireError) as failed:
                ask(target, MODEL, "x", made={"retries": 0})
            error = failed.value
            assert type(error) is kind
            assert error.retryable is (kind in {imagewire.Unavailable, imagewire.RateLimited})
            assert (error.code, error.reason, error.request_id) == (code, reason, "id-1")
            assert (str(error), error.retry_after, error.metadata) == ("words", 7.0, {"use": "it"})
            assert error.violations == (imagewire.Violation("spec.model", "is required"),)


@pytest.mark.parametrize(("pushback", "retryable"), [("", True), ("1500", True), ("-1", False)])
def test_pushback_decides_what_may_be_repeated(pushback: str, retryable: bool) -> None:
    script = Script(fail=failing("UNAVAILABLE", "UPSTREAM_UNAVAILABLE", pushback=pushback))
    with scripted(script) as target, pytest.raises(imagewire.Unavailable) as failed:
        created(target, MODEL, "x", made={"retries": 0})
    assert failed.value.retryable is retryable
    assert len(script.requests) == 1, "the channel itself repeats no call that draws"


def test_a_quota_that_is_used_up_is_asked_for_once() -> None:
    script = Script(fail=failing("RESOURCE_EXHAUSTED", "UPSTREAM_QUOTA_EXHAUSTED", pushback="1500"))
    with scripted(script) as target, pytest.raises(imagewire.RateLimited) as failed:
        created(target, MODEL, "x")
    assert not failed.value.retryable
    assert len(script.requests) == 1


@everything
def test_no_server_is_told_with_what_to_do(ask: Ask) -> None:
    with scripted(Script()) as target:
        pass
    with pytest.raises(imagewire.Unavailable, match="imagewire-server serve") as failed:
        ask(target, MODEL, "x")
    assert target in str(failed.value)
    assert not failed.value.retryable


DIES = """
import os
from tests.sdk.conftest import Script, scripted

class Dies(Script):
    def CreateCompletion(self, request, context):
        os.kill(os.getpid(), 9)

    def StreamCompletion(self, request, context):
        yield self.events[0]
        os.kill(os.getpid(), 9)

with scripted(Dies()) as target:
    print(target, flush=True)
    input()
"""


@everything
def test_a_server_that_dies_may_have_charged(ask: Ask) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", DIES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as dying:
        assert dying.stdout is not None
        target = dying.stdout.readline().strip()
        with pytest.raises(imagewire.Unavailable, match=r"broke off .* charged") as failed:
            ask(target, MODEL, "x")
    assert not failed.value.retryable


@creates
def test_an_answer_larger_than_the_channel_takes(create: Ask) -> None:
    script = Script()
    script.answer.candidates.add().message.content = "x" * 65 * 1024 * 1024
    with scripted(script) as target, pytest.raises(imagewire.AnswerTooLarge, match="stream_completion"):
        create(target, MODEL, "x")


@everything
def test_a_request_larger_than_the_server_takes(ask: Ask) -> None:
    with scripted(Script()) as target, pytest.raises(imagewire.InvalidRequest, match="smaller pictures"):
        ask(target, MODEL, "x", images=[bytes(5_000_000)])


def test_details_that_cannot_be_read_are_left_out() -> None:
    def fail(context: Any) -> None:
        broken = Status(
            message="words", details=[Packed(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"x")]
        )
        context.set_trailing_metadata([("grpc-status-details-bin", broken.SerializeToString())])
        context.abort(grpc.StatusCode.INTERNAL, "words")

    for trailer in (fail, lambda c: (c.set_trailing_metadata([("grpc-status-details-bin", b"x")]), fail(c))):
        with scripted(Script(fail=trailer)) as target, pytest.raises(imagewire.ServerError, match="words"):
            created(target, MODEL, "x")


def test_errors_travel_between_processes() -> None:
    error = imagewire.RateLimited("words", code="RESOURCE_EXHAUSTED", retry_after=3.0, metadata={"a": "b"})
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    assert (type(copy), vars(copy)) == (imagewire.RateLimited, vars(error))


@everything
def test_a_deadline_is_kept(target: str, ask: Ask) -> None:
    with pytest.raises(imagewire.DeadlineExceeded):
        ask(target, "gemini/emulator-silent", "x", timeout=0.2)
