"""The errors of answers that are kept: what each says of money, and what to do."""

import inspect

import pytest

from imagewire_server.contract import keep_errors, pb
from imagewire_server.contract.errors import Error, Violation
from imagewire_server.contract.keep_errors import AnswerNotKept, Cancelled, OutcomeUnknown, RequestIdReused

_KINDS = [kind for _, kind in inspect.getmembers(keep_errors, inspect.isclass) if issubclass(kind, Error)]


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)
def test_each_has_a_reason_of_the_contract_and_stands_in_the_tree(kind: type[Error]) -> None:
    assert f"ERROR_REASON_{kind.reason}" in {value.name for value in pb.ErrorReason.DESCRIPTOR.values}
    assert kind is Error or f"\u2500\u2500 {kind.__name__}" in (keep_errors.__doc__ or "")


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)
def test_what_was_drawn_may_have_been_charged(kind: type[Error]) -> None:
    assert kind.charged == (kind in {OutcomeUnknown, AnswerNotKept, Cancelled})
    assert not kind.repeatable


def test_a_lost_answer_is_named_with_the_way_to_a_new_one() -> None:
    for error in (keep_errors.unknown("cmpl-1"), keep_errors.not_kept("cmpl-1"), keep_errors.unreadable("cmpl-1")):
        assert error.metadata == {"completion_id": "cmpl-1"}
        assert str(error).endswith("; to draw again, and pay again, send the request with a new request_id")


def test_a_damaged_picture_says_how_it_is_mended() -> None:
    error = keep_errors.ImageDamaged()
    assert str(error).endswith("its file in the store is damaged or gone; upload it again, or draw it anew")


def test_a_call_without_its_store_says_what_to_leave_out() -> None:
    assert "leave out request_id" in str(keep_errors.unavailable())


def test_an_id_of_another_request_is_a_wrong_field() -> None:
    words = "belongs to another request of yours: use a new {} for each, and the same one only to repeat it"
    assert RequestIdReused().violations == (Violation("request_id", words.format("UUID")),)
    named = RequestIdReused("Idempotency-Key", "key")
    assert named.violations == (Violation("Idempotency-Key", words.format("key")),)


@pytest.mark.parametrize("has_request_id", [True, False])
def test_a_damaged_answer_of_the_cache_speaks_of_a_request_id_only_where_one_was_sent(has_request_id: bool) -> None:
    error = keep_errors.damaged("cmpl-1", has_request_id=has_request_id)
    assert error.metadata == {"completion_id": "cmpl-1"}
    assert ("request_id" in str(error)) is has_request_id
    assert str(error).endswith("send the request with a new request_id" if has_request_id else "send the request again")
