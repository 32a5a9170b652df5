"""A call: its id, what it sums up, and what it says of itself."""

import re

import pytest

from imagewire_server.core.call import Call, request_id
from imagewire_server.core.trace_context import TraceContext

TRACE = TraceContext("a" * 32, "b" * 16, sampled=True)


@pytest.mark.parametrize("given", ["a", "0f.A:_-", "x" * 128])
def test_a_request_id_of_the_callers_own_is_taken(given: str) -> None:
    assert request_id([("x-request-id", given)]) == given
    assert request_id([(b"accept", b"*/*"), (b"x-request-id", given.encode())]) == given


@pytest.mark.parametrize("given", ["", "a b", "a\n", "x" * 129, "\u00e9", "\u0661"])
def test_a_request_id_that_must_not_stand_in_a_log_is_made_anew(given: str) -> None:
    for headers in ([("x-request-id", given)], [(b"x-request-id", given.encode())]):
        made = request_id(headers)  # type: ignore[arg-type]  # either API's headers
        assert re.fullmatch("[0-9a-f]{32}", made)
    assert request_id([]) != request_id([])


def test_of_two_request_ids_the_first_counts() -> None:
    assert request_id([("x-request-id", "first"), ("x-request-id", "second")]) == "first"


def test_headers_are_found_by_name_in_both_apis() -> None:
    traced = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert Call(headers=[("traceparent", traced)]).header("traceparent") == traced
    assert Call(headers=[(b"traceparent", traced.encode())]).header("traceparent") == traced
    assert Call().header("traceparent") == ""


def test_a_call_does_not_show_its_headers() -> None:
    assert "sk-secret" not in repr(Call(headers=[("authorization", "Bearer sk-secret")]))


def test_costs_add_up_until_one_is_unknown() -> None:
    call = Call()
    assert (call.charged, call.cost_usd) == ("no", None)
    call.charge("yes", 5)
    call.charge("maybe", 7)
    assert (call.charged, call.cost_nano_usd) == ("yes", 12)
    call.charge("yes", None)
    call.charge("yes", 1)
    assert (call.charged, call.cost_nano_usd) == ("yes", None)


def test_parts_of_a_call_add_up_and_one_that_cost_nothing_changes_no_cost() -> None:
    whole = Call("id", "POST /v1/images/generations", large=True)
    parts = [whole.begin_part() for _ in range(3)]
    assert all((part.request_id, part.large) == ("id", True) for part in parts)
    for number, part in enumerate(parts[:2], 1):
        part.model, part.deployment = "m", f"d{number}"
        part.tried.append((part.deployment, "OK"))
        part.events, part.image_bytes, part.first_image_byte = 3, 100, float(number)
        part.tokens = 10 * number
        part.charge("yes", number)
        whole.add_part(part)
    parts[2].tried.append(("d3", "UPSTREAM_UNREACHABLE"))
    whole.add_part(parts[2])
    assert whole.fields()["tried"] == ["d1=OK", "d2=OK", "d3=UPSTREAM_UNREACHABLE"]
    assert (whole.events, whole.image_bytes, whole.first_image_byte) == (6, 200, 1.0)
    assert (whole.charged, whole.cost_nano_usd, whole.tokens) == ("yes", 3, 30)


def test_parts_of_a_call_have_ended_when_it_has() -> None:
    whole = Call()
    parts = [whole.begin_part() for _ in range(2)]
    assert not any(part.settled for part in parts)
    for tell in whole.on_end:
        tell()
    assert all(part.settled for part in parts)


def test_trailers_name_what_was_asked_in_ascii() -> None:
    call = Call("id")
    assert call.trailers() == [("x-imagewire-request-id", "id")]
    call.model, call.deployment = "b\u00e4r", "d2"
    call.tried += [("d1", "UPSTREAM_UNREACHABLE"), ("d2", "OK")]
    call.fallbacks.append("b\u00e4r")
    call.unsigned = ["spec.messages[1].content", "spec.messages[3].parts[0]"]
    assert call.trailers() == [
        ("x-imagewire-request-id", "id"),
        ("x-imagewire-model", "b?r"),
        ("x-imagewire-deployment", "d2"),
        ("x-imagewire-attempts", "2"),
        ("x-imagewire-tried", "d1=UPSTREAM_UNREACHABLE,d2=OK"),
        ("x-imagewire-fallbacks", "b?r"),
        ("x-imagewire-signature-bypass", "spec.messages[1].content,spec.messages[3].parts[0]"),
    ]


def test_only_a_reasons_name_is_logged() -> None:
    assert Call(finish_reason="IMAGE_SAFETY").fields()["finish_reason"] == "IMAGE_SAFETY"
    assert Call(finish_reason="the prompt").fields()["finish_reason"] == "(no name)"


def test_the_first_failure_counts() -> None:
    call = Call()
    call.fail("UPSTREAM_CUT")
    call.fail("CANCELLED")
    assert call.code == "UPSTREAM_CUT"


def test_answers_from_the_cache_are_counted_and_cost_nothing() -> None:
    whole = Call("id", "POST /v1/images/generations")
    for number in range(3):
        part = whole.begin_part()
        if number:
            part.answered_from_cache(f"cmpl-{number}")
        whole.add_part(part)
    assert (whole.cached_answers, whole.cost_nano_usd, whole.charged, whole.completion_id) == (2, 0, "no", "cmpl-2")
    assert whole.trailers()[-1] == ("x-imagewire-cached-answers", "2")
    assert whole.fields()["cached_answers"] == 2
    drawn = whole.begin_part()
    drawn.charge("yes", 5)
    whole.add_part(drawn)
    assert (whole.charged, whole.cost_nano_usd) == ("yes", 5)


def test_a_cost_that_is_unknown_stays_so_beside_the_cache() -> None:
    call = Call()
    call.charge("maybe", None)
    call.answered_from_cache("cmpl-1")
    assert call.cost_nano_usd is None


def test_a_finish_reason_that_is_no_name_is_not_shown() -> None:
    assert Call(finish_reason="NO_IMAGE").shown_finish_reason == "NO_IMAGE"
    assert Call(finish_reason="what the model said").shown_finish_reason == "(no name)"


@pytest.mark.parametrize("charged", ["no", "maybe", "yes"])
def test_what_a_call_leaves_behind_that_still_asks_may_cost(charged: str) -> None:
    call, part = Call(), Call(is_asking=True)
    call.add_part(part)
    if charged != "no":
        call.charge(charged, 1)
    assert call.fields()["charged"] == ("maybe" if charged == "no" else charged)
    assert call.charged == charged


def test_a_part_is_watched_by_who_watches_the_call() -> None:
    class Watching:
        """It has no upstream call."""

    call, watching = Call(trace=TRACE, baggage={"team": "art"}), Watching()
    assert call.begin_part().attempts is None
    call.attempts = watching  # type: ignore[assignment]
    part = call.begin_part()
    assert part.attempts is watching
    shown = part.fields()
    assert (shown["trace_id"], shown["span_id"], shown["baggage"]) == ("a" * 32, "b" * 16, {"team": "art"})
