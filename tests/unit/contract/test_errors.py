"""The errors that packages raise to each other: what each says of money, of repeats and of the deployment."""

import inspect

import pytest

from imagewire_server.contract import errors, pb
from imagewire_server.contract.code import Code
from imagewire_server.contract.errors import (
    AnswerWillNotFit,
    Cooling,
    DeadlineExceeded,
    Error,
    InvalidRequest,
    Refused,
    RequestTimeout,
    Violation,
)

_KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Error)]


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)
def test_nothing_that_may_have_been_charged_invites_a_repeat(kind: type[Error]) -> None:
    assert not (kind.charged and kind.repeatable)
    assert not (kind.charged and kind.code is Code.UNAVAILABLE)
    assert f"── {kind.__name__}" in (errors.__doc__ or "") or kind is Error


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)
def test_a_reason_is_one_of_the_contract(kind: type[Error]) -> None:
    names = {value.name for value in pb.ErrorReason.DESCRIPTOR.values}
    assert f"ERROR_REASON_{kind.reason}" in names


def test_an_invalid_request_counts_its_violations_and_quotes_the_first() -> None:
    role, body = Violation("spec.messages[0].role", "is required"), Violation("", "is empty; send a body")
    one, two = InvalidRequest([role]), InvalidRequest(iter([body, role]))
    assert str(one) == one.message == "spec.messages[0].role: is required"
    assert str(two) == "the request: is empty; send a body (and 1 more)"
    assert two.violations == (body, role)
    assert (two.code, two.charged, two.repeatable) == (Code.INVALID_ARGUMENT, False, False)


def test_an_answer_that_will_not_fit_says_what_to_use() -> None:
    found = AnswerWillNotFit(4096, "is too small")
    assert isinstance(found, InvalidRequest)
    assert found.violations == (Violation("max_inline_bytes", "is too small"),)
    assert found.metadata == {"use": "StreamCompletion", "max_inline_bytes": "4096"}


def test_a_slow_request_is_told_the_limit_and_the_remedy() -> None:
    assert str(RequestTimeout.after(2.5)) == (
        "the request did not arrive within 2.5 s (receive_timeout), nor at 32 kB a second; nothing was sent: send it"
        " faster, or a smaller one"
    )


def test_a_deadline_that_cost_nothing_is_free() -> None:
    assert DeadlineExceeded("x").charged
    free = DeadlineExceeded.for_free()
    assert not free.charged
    assert str(free) == "the deadline passed, and nothing was charged: allow more time"
    assert DeadlineExceeded.charged, "only that one error is free"


@pytest.mark.parametrize("code", list(Code))
def test_a_refusal_at_cost_is_of_no_code_that_meshes_repeat(code: Code) -> None:
    found = Refused("x", code=code, reason="UPSTREAM_X", repeatable=True, retry_after=3, metadata={"a": "b"})
    assert (found.http_status, found.retry_after, found.metadata, found.charged) == (200, 3, {"a": "b"}, False)
    found.at_cost()
    repeated = {Code.UNAVAILABLE, Code.CANCELLED, Code.RESOURCE_EXHAUSTED}
    assert found.code is (Code.ABORTED if code in repeated else code)
    assert (found.charged, found.repeatable, found.retry_after) == (True, False, None)


def test_a_cooldown_has_the_code_of_what_came_before() -> None:
    assert Cooling("x").code is Code.UNAVAILABLE
    limited = Cooling("x", code=Code.RESOURCE_EXHAUSTED, retry_after=1.5)
    assert (limited.code, limited.retry_after, limited.charged) == (Code.RESOURCE_EXHAUSTED, 1.5, False)
