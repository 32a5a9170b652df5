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
from imagewire import Client
from imagewire.v1.error_reason_pb2 import ErrorReason
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
    ("UNIMPLEMENTED", "UPSTREAM_UNIMPLEMENTED", imagewire.NotSupported),
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
            assert (str(error).partition(";")[0], error.retry_after, error.metadata) == ("words", 7.0, {"use": "it"})
            assert error.violations == (imagewire.Violation("spec.model", "is required"),)


# Every reason of the contract with the statuses that it comes with, its class, and whether the client may repeat it.
REASONS: dict[str, tuple[str, type[imagewire.ImagewireError], bool]] = {
    "INVALID_REQUEST": ("INVALID_ARGUMENT", imagewire.InvalidRequest, False),
    "ANSWER_WILL_NOT_FIT": ("INVALID_ARGUMENT", imagewire.AnswerWillNotFit, False),
    "KEY_INVALID": ("UNAUTHENTICATED", imagewire.Unauthenticated, False),
    "CALLER_NOT_ALLOWED": ("PERMISSION_DENIED", imagewire.PermissionDenied, False),
    "MODEL_NOT_FOUND": ("NOT_FOUND", imagewire.ModelNotFound, False),
    "PICTURE_WITHHELD": ("FAILED_PRECONDITION", imagewire.NoPicture, False),
    "OVERLOADED": ("RESOURCE_EXHAUSTED", imagewire.RateLimited, True),
    "ANSWER_TOO_LARGE": ("RESOURCE_EXHAUSTED", imagewire.AnswerTooLarge, False),
    "DEADLINE_EXCEEDED": ("DEADLINE_EXCEEDED", imagewire.DeadlineExceeded, False),
    "CLIENT_STALLED": ("ABORTED", imagewire.ServerError, False),
    "SHUTTING_DOWN": ("ABORTED", imagewire.Unavailable, False),
    "INTERNAL": ("INTERNAL", imagewire.ServerError, False),
    "UPSTREAM_INVALID_ARGUMENT": ("INVALID_ARGUMENT", imagewire.InvalidRequest, False),
    "UPSTREAM_FAILED_PRECONDITION": ("FAILED_PRECONDITION", imagewire.ServerError, False),
    "UPSTREAM_OUT_OF_RANGE": ("OUT_OF_RANGE", imagewire.InvalidRequest, False),
    "UPSTREAM_PERMISSION_DENIED": ("PERMISSION_DENIED", imagewire.PermissionDenied, False),
    "UPSTREAM_ABORTED": ("ABORTED", imagewire.ServerError, False),
    "UPSTREAM_ALREADY_EXISTS": ("ALREADY_EXISTS", imagewire.ServerError, False),
    "UPSTREAM_RATE_LIMITED": ("RESOURCE_EXHAUSTED", imagewire.RateLimited, True),
    "UPSTREAM_QUOTA_EXHAUSTED": ("RESOURCE_EXHAUSTED", imagewire.RateLimited, False),
    "UPSTREAM_UNIMPLEMENTED": ("UNIMPLEMENTED", imagewire.NotSupported, False),
    "UPSTREAM_CREDENTIALS": ("FAILED_PRECONDITION", imagewire.ServerError, False),
    "UPSTREAM_INTERNAL": ("UNAVAILABLE", imagewire.Unavailable, True),
    "UPSTREAM_UNAVAILABLE": ("UNAVAILABLE", imagewire.Unavailable, True),
    "UPSTREAM_CANCELLED": ("ABORTED", imagewire.ServerError, False),
    "UPSTREAM_TIMEOUT": ("DEADLINE_EXCEEDED", imagewire.DeadlineExceeded, False),
    "UPSTREAM_CUT": ("DATA_LOSS", imagewire.CorruptAnswer, False),
    "UPSTREAM_UNREACHABLE": ("UNAVAILABLE", imagewire.Unavailable, True),
    "UPSTREAM_COOLING": ("UNAVAILABLE", imagewire.Unavailable, True),
    "UPSTREAM_MALFORMED": ("INTERNAL", imagewire.ServerError, False),
    "UPSTREAM_TOO_LARGE": ("RESOURCE_EXHAUSTED", imagewire.ServerError, False),
    "REQUEST_TIMEOUT": ("DEADLINE_EXCEEDED", imagewire.DeadlineExceeded, False),
    "UPSTREAM_UNEXPECTED_STATUS": ("INTERNAL", imagewire.ServerError, False),
    "REQUEST_ID_REUSED": ("INVALID_ARGUMENT", imagewire.RequestIdReused, False),
    "OUTCOME_UNKNOWN": ("ABORTED", imagewire.OutcomeUnknown, False),
    "ANSWER_NOT_KEPT": ("ABORTED", imagewire.AnswerNotKept, False),
    "COMPLETION_NOT_FOUND": ("NOT_FOUND", imagewire.CompletionNotFound, False),
    "IMAGE_NOT_FOUND": ("NOT_FOUND", imagewire.ImageNotFound, False),
    "STORE_UNAVAILABLE": ("UNAVAILABLE", imagewire.StoreUnavailable, True),
    "CALLER_LIMITED": ("RESOURCE_EXHAUSTED", imagewire.RateLimited, True),
    "BUDGET_EXHAUSTED": ("RESOURCE_EXHAUSTED", imagewire.RateLimited, False),
    "BUDGET_TOO_SMALL": ("FAILED_PRECONDITION", imagewire.NotSupported, False),
    "BUDGET_UNAVAILABLE": ("UNAVAILABLE", imagewire.Unavailable, True),
    "PRICE_UNKNOWN": ("FAILED_PRECONDITION", imagewire.NotSupported, False),
    "KEEP_OFF": ("FAILED_PRECONDITION", imagewire.KeepOff, False),
}


def test_every_reason_has_its_class() -> None:
    assert REASONS.keys() == {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118
    for reason, (code, kind, retryable) in REASONS.items():
        with scripted(Script(fail=failing(code, reason))) as target, Client(target, retries=0) as client:
            with pytest.raises(imagewire.ImagewireError) as failed:
                client.create_completion(MODEL, "x")
            assert (type(failed.value), failed.value.retryable) == (kind, retryable), reason
            assert failed.value.reason == reason


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        ("UNAVAILABLE", "SHUTTING_DOWN", imagewire.Unavailable),
        ("ABORTED", "UPSTREAM_UNAVAILABLE", imagewire.Unavailable),
        ("ABORTED", "UPSTREAM_RATE_LIMITED", imagewire.RateLimited),
        ("ABORTED", "SHUTTING_DOWN", imagewire.Unavailable),
        ("RESOURCE_EXHAUSTED", "UPSTREAM_QUOTA_EXHAUSTED", imagewire.RateLimited),
    ],
)
@pytest.mark.parametrize("pushback", ["", "-1"])
def test_m1_what_may_have_been_charged_is_never_repeated(
    code: str, reason: str, kind: type[imagewire.ImagewireError], pushback: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "_wait", lambda client, seconds: None)
    script = Script(fail=failing(code, reason, pushback=pushback))
    free = code == "UNAVAILABLE" and not pushback
    with scripted(script) as target, Client(target) as client, pytest.raises(kind) as failed:
        client.create_completion(MODEL, "x")
    assert failed.value.retryable is free
    assert len(script.requests) == (3 if free else 1)


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


@pytest.mark.parametrize(("pushback", "retryable"), [("", False), ("5000", True), ("-1", False)])
def test_a_budget_that_others_have_reserved_is_asked_for_again(pushback: str, retryable: bool) -> None:
    script = Script(fail=failing("RESOURCE_EXHAUSTED", "BUDGET_EXHAUSTED", pushback=pushback))
    with scripted(script) as target, pytest.raises(imagewire.RateLimited) as failed:
        created(target, MODEL, "x", made={"retries": 0})
    assert failed.value.retryable is retryable


@everything
def test_no_server_is_told_with_what_to_do(ask: Ask) -> None:
    with scripted(Script()) as target:
        pass
    with pytest.raises(imagewire.Unavailable, match="imagewire-server serve") as failed:
        ask(target, MODEL, "x")
    assert target in str(failed.value)
    assert failed.value.retryable  # nothing was sent


def test_an_address_that_leads_nowhere_is_told_with_what_to_do() -> None:
    with pytest.raises(imagewire.Unavailable, match="imagewire-server serve"):
        created("dns:///nowhere.invalid:1", MODEL, "x", made={"retries": 0})


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
def test_an_answer_that_is_too_large_says_how_to_get_it(ask: Ask) -> None:
    script = Script(events=[], fail=failing("RESOURCE_EXHAUSTED", "ANSWER_TOO_LARGE"))
    with scripted(script) as target, pytest.raises(imagewire.AnswerTooLarge) as failed:
        ask(target, MODEL, "x")
    get = f"get_completion(request_id='{script.requests[0].request_id}')"
    assert str(failed.value) == failed.value.message
    assert failed.value.message.endswith(f"; while the server keeps the answer, {get} gets it at no cost")


@everything
def test_a_request_larger_than_the_server_takes(ask: Ask) -> None:
    with scripted(Script()) as target, pytest.raises(imagewire.InvalidRequest, match="smaller pictures"):
        ask(target, MODEL, "x", images=[bytes(5_000_000)])


@everything
@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"metadata": [("x-note", "a" * 20_000)]}, r"metadata and api_key .* larger than 127.* send less of them$"),
        ({"api_key": "a" * 20_000}, r"metadata and api_key .* larger than 127.* send less of them$"),
        ({"channel_options": [("grpc.max_send_message_length", 10)]}, r"grpc\.max_send_message_length .* raise that"),
    ],
    ids=["metadata", "api_key", "channel_options"],
)
def test_a_request_larger_than_a_limit_of_grpc_is_no_rate_limit(ask: Ask, made: dict[str, Any], words: str) -> None:
    script = Script()
    with scripted(script) as target, pytest.raises(imagewire.InvalidRequest, match=words) as failed:
        ask(target, MODEL, "x", made=made)
    assert not failed.value.retryable
    assert not script.requests


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
