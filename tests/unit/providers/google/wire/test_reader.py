"""An answer's bytes as events, in any pieces: candidates and parts in order, ends, usage, errors and bounds."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagewire_server.contract.errors import Cut, Error, Malformed, Refused, TooLarge
from imagewire_server.contract.events import StreamEvent
from imagewire_server.providers.google.wire import Reader
from tests.effort import times
from tests.event_forms import kind_of
from tests.golden.cases import read
from tests.unit.providers.google.wire.odd_answers import (
    B64,
    PICTURE,
    answer,
    candidate,
    events,
    text,
    told,
    told_once,
    words,
)


def test_u13_candidates_in_turns_and_out_of_order() -> None:
    parts = [answer({"text": str(i)}, finish=None, index=i % 2) for i in range(4)]
    ends = [answer(finish="STOP", index=i) for i in (1, 0)]
    assert told(events(*parts, *ends)) == ["text 02", "STOP", "text 13", "STOP"]
    first = {"index": 1, **candidate(PICTURE)}
    assert told(text({"candidates": [first, {"index": 0, **candidate({"text": "a"})}]})) == [
        "picture",
        "text a",
        "STOP",
        "STOP",
    ]
    # A number that comes behind its picture is heeded where there is one candidate.
    late = events(answer({"text": "a"}, index=1, finish=None), answer(PICTURE, index=1))
    assert told(late) == ["text a", "picture", "STOP"]
    assert told(events(answer(PICTURE, index=7))) == ["picture", "STOP"]
    # Where there are several it comes too late; the picture is not lost.
    several = text({"candidates": [candidate(PICTURE, index=1), candidate({"text": "a"}, index=0)]})
    assert told(several) == ["picture", "text a", "STOP"]


CORRUPT = [B64[:-2] + "!=", B64[:40] + "\\\\" + B64[40:], B64[:41], "QQ==" + B64, "\\u00zz"]


@pytest.mark.parametrize("data", CORRUPT)
def test_a_corrupt_picture_is_an_error(data: str) -> None:
    body = text(answer(PICTURE)).replace(B64.encode(), data.encode())
    assert told(body)[-1] == "error UPSTREAM_MALFORMED"


def test_a_damaged_picture_does_not_cost_the_whole_one_behind_it() -> None:
    for broken in ({"mimeType": "image/png", "data": "!!!!"}, {"mimeType": "image/png", "data": 5}):
        parts = [{"thought": True, "inlineData": broken}, PICTURE]
        assert told(text(answer(*parts))) == ["picture", "error UPSTREAM_MALFORMED"]
        assert told(text(answer(*parts[::-1]))) == ["picture", "error UPSTREAM_MALFORMED"]


@pytest.mark.parametrize("data", ["5", "true", f'["{B64}"]', f'{{"a":"{B64}"}}'])
def test_a_picture_that_is_no_text_is_an_error(data: str) -> None:
    body = text(answer(PICTURE)).replace(f'"{B64}"'.encode(), data.encode())
    assert told(body)[-1] == "error UPSTREAM_MALFORMED"


def test_u5_a_done_marker_ends_an_answer_that_has_no_reason() -> None:
    body = events(answer(PICTURE, finish=None))
    assert told(body + b"data: [DONE]\n\n") == ["picture", "no reason"]
    assert told(body) == ["picture", "error UPSTREAM_CUT"]


def test_u12_parts_and_pieces_are_bounded() -> None:
    for piece in (b"{},", b'{"q":1},', b'{"text":"a"},'):
        parts = b'{"candidates":[{"content":{"parts":[' + piece * 20_000 + b"{}]}}]}"
        assert told_once(parts)[-1] == "error UPSTREAM_TOO_LARGE"
    assert told_once(b"[" + b"{}," * 70_000 + b"{}]") == ["error UPSTREAM_TOO_LARGE"]


def test_u12_a_text_may_come_a_letter_at_a_time() -> None:
    letters = [answer({"text": "a"}, finish=None)] * 20_000
    for body in (events(*letters, answer(PICTURE)), text([*letters, answer(PICTURE)])):
        assert told_once(body) == [f"text {'a' * 20_000}", "picture", "STOP"]


def test_u6_unspecified_ends_no_stream() -> None:
    body = events(answer(PICTURE, finish="FINISH_REASON_UNSPECIFIED"))
    assert told(body) == ["picture", "error UPSTREAM_CUT"]


def test_u6_unspecified_is_told_where_the_json_itself_says_that_it_is_whole() -> None:
    assert told(text(answer(PICTURE, finish="FINISH_REASON_UNSPECIFIED"))) == ["picture", "FINISH_REASON_UNSPECIFIED"]


def test_an_error_behind_the_end_costs_nothing() -> None:
    error = {"error": {"code": 500, "status": "INTERNAL", "message": "x"}}
    assert told(events(answer(PICTURE), error)) == ["picture", "STOP", "omitted error"]
    assert told(events(answer(PICTURE, finish=None), error)) == ["picture", "error UPSTREAM_INTERNAL"]
    assert told(events(answer(PICTURE, finish=None), {"error": "text"}))[-1].startswith("error ")


@given(st.binary(max_size=400))
@settings(max_examples=times(4000))
def test_arbitrary_bytes_give_events_or_a_protocol_error(body: bytes) -> None:
    assert "error" in read(body)[-1], "no random bytes are a whole answer"


def test_what_came_before_a_cut_is_passed_on() -> None:
    body = b'{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBORw0K'
    reader, events = Reader(), list[StreamEvent]()
    reader.feed(body, events)
    assert [kind_of(event) for event in events] == ["part_started", "image_chunk"]


def finished(body: bytes) -> dict[str, Any]:
    """Finished of an answer, by any way of reading it."""
    last: dict[str, Any] = read(body)[-1]["finished"]
    for size in (1, 7):
        assert read(b"", [body[at : at + size] for at in range(0, len(body), size)])[-1]["finished"] == last
    return last


def test_what_is_said_of_the_answer_as_a_whole() -> None:
    status = {"modelStage": "DEPRECATED", "message": "soon", "retirementTime": "2026-06-01T00:00:00Z"}
    beside = {"modelVersion": "m-1", "responseId": "r", "createTime": "2026-01-01T00:00:00Z", "modelStatus": status}
    for body in (events(answer(PICTURE, finish=None), {**answer(), **beside}), text({**answer(PICTURE), **beside})):
        assert finished(body) == {
            "model_version": "m-1",
            "native_response_id": "r",
            "native_fields": {"createTime": '"2026-01-01T00:00:00Z"'},
            "model_status": {"stage": "DEPRECATED", "message": "soon", "retirement_time": "2026-06-01T00:00:00Z"},
        }


def test_a_time_that_is_none_is_omitted_and_the_remainder_told() -> None:
    body = text({**answer(PICTURE), "createTime": None, "modelStatus": {"modelStage": "X", "retirementTime": "soon"}})
    assert finished(body) == {"model_status": {"stage": "X"}, "omitted_fields": ["modelStatus.retirementTime"]}


def test_fields_that_the_contract_lacks_are_kept_and_the_last_one_counts() -> None:
    documents = [{**answer({"text": "a"}, finish=None), "next": 1}, {**answer(PICTURE), "next": [2, "\u20ac"]}]
    assert json.loads(finished(events(*documents))["native_fields"]["next"]) == [2, "\u20ac"]


def test_a_blocked_prompt_is_an_answer_without_candidates() -> None:
    feedback = {"blockReason": "SAFETY", "blockReasonMessage": "no", "safetyRatings": [{"category": "A"}]}
    told_of = {"block_reason": "SAFETY", "block_reason_message": "no", "safety_ratings": [{"category": "A"}]}
    for body in (text({"promptFeedback": feedback}), events({"promptFeedback": feedback})):
        assert finished(body) == {"prompt_feedback": told_of}
    # Ratings alone do not say that it was blocked: the contract's field would.
    native = {"promptFeedback": '{"safetyRatings":[{"category":"A"}]}'}
    allowed = {**answer(PICTURE), "promptFeedback": {"safetyRatings": [{"category": "A"}]}}
    assert finished(text(allowed)) == {"native_fields": native}
    assert finished(text({**answer(PICTURE), "promptFeedback": {}})) == {}


def test_counts_come_piecemeal_and_the_later_ones_win() -> None:
    documents = [
        {"usageMetadata": {"trafficType": "ON_DEMAND"}},
        {**answer(PICTURE, finish=None), "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}},
        {**answer(), "usageMetadata": {"candidatesTokenCount": 4, "totalTokenCount": 7}},
    ]
    usage = {name: str(count) for name, count in (("prompt_tokens", 3), ("candidates_tokens", 4), ("total_tokens", 7))}
    assert finished(events(*documents))["usage"] == usage | {"traffic_type": "ON_DEMAND"}


def test_usage_and_the_end_are_known_while_it_is_read() -> None:
    reader, made = Reader(), list[StreamEvent]()
    assert (reader.usage, reader.finished) == (None, False)
    first, second = answer({"text": "a"}, finish=None), {**answer(PICTURE), "usageMetadata": {"totalTokenCount": 7}}
    reader.feed(events(first), made)
    assert (reader.usage, reader.finished) == (None, False)
    reader.feed(events(second), made)
    assert reader.usage is not None
    assert (reader.usage.total_tokens, reader.finished) == (7, True)


def read_into(made: list[StreamEvent], pieces: list[bytes]) -> None:
    reader = Reader()
    for piece in pieces:
        reader.feed(piece, made)
    reader.close(made)


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b"", Malformed, "neither JSON nor a stream of events"),
        (b"<html>no</html>", Malformed, "neither JSON nor a stream of events"),
        (b"{}", Malformed, "no candidate and gave no reason"),
        (events({"usageMetadata": {"totalTokenCount": 1}}), Malformed, "no candidate and gave no reason"),
        (events(answer({"text": "a"}, finish=None)), Cut, "ended before the model was done"),
        (text(answer({"text": "a"}))[:-3], Cut, ""),
        (events({"error": {"status": "INTERNAL", "message": "x"}}), Refused, "in the middle of its answer"),
        (events({"error": "the reason"}), Refused, "the reason"),
        (events({"error": [1]}), Refused, "in the middle of its answer"),
    ],
)
def test_an_answer_that_is_not_whole_is_an_error_that_may_have_been_charged(
    body: bytes, error: type[Error], words: str
) -> None:
    for size in (1, len(body) + 1):
        made: list[StreamEvent] = []
        with pytest.raises(error) as raised:
            read_into(made, [body[at : at + size] for at in range(0, len(body), size)])
        assert words in raised.value.message
        assert raised.value.charged
        assert not any(kind_of(event) == "finished" for event in made)


def test_a_key_of_the_servers_is_not_quoted() -> None:
    reader = Reader(secrets=("Bearer the-key",))
    with pytest.raises(Refused) as raised:
        reader.feed(events({"error": {"status": "PERMISSION_DENIED", "message": "no the-key here"}}), [])
    assert "[redacted]" in raised.value.message
    assert "the-key" not in raised.value.message


@pytest.mark.parametrize(
    ("most", "documents", "words"),
    [
        (256, lambda number: [answer(*[PICTURE] * number)], "more than 256 pictures"),
        (
            256,
            lambda number: [*[answer(PICTURE, finish=None)] * (number - 1), answer(PICTURE)],
            "more than 256 pictures",
        ),
        (64, lambda number: [{"candidates": [candidate({"text": "a"})] * number}], "more than 64 candidates"),
        (4096, lambda number: [answer(*[{"text": "a"}] * number)], "more than 4096 parts"),
        (4096, lambda number: [*[{}] * number, answer({"text": "a"})], "more than 4096 pieces"),
    ],
    ids=["pictures", "pictures in pieces", "candidates", "parts", "pieces"],
)
def test_what_one_answer_may_hold_is_bounded(most: int, documents: Callable[[int], list[Any]], words: str) -> None:
    for body in (events(*documents(most)), text(documents(most))):
        assert "finished" in read(body)[-1]
    for body in (events(*documents(most + 1)), text(documents(most + 1))):
        with pytest.raises(TooLarge, match=words):
            Reader().feed(body, [])


def test_text_in_front_of_the_number_of_its_candidate_waits_for_it() -> None:
    late = {"content": {"parts": [{"text": "a"}, {"text": "b"}]}, "index": 1, "finishReason": "STOP"}
    other = {"content": {"parts": [{"text": "c"}]}, "index": 0, "finishReason": "MAX_TOKENS"}
    assert told(text({"candidates": [late, other]})) == ["text c", "MAX_TOKENS", "text ab", "STOP"]
    # It does not wait without end: what is long is told as that of its place.
    long = "x" * 1_100_000
    made = read(b"", [text({"candidates": [{**late, "content": {"parts": [{"text": long}, {"text": "b"}]}}]})])
    assert "".join(event["text_delta"]["text"] for event in made if "text_delta" in event) == long + "b"


def test_at_most_32_omitted_fields_are_named_each_once() -> None:
    odd = {f"odd{number}": float("nan") for number in range(40)}
    named = finished(text(answer({**PICTURE, **odd}, {**PICTURE, **odd})))["omitted_fields"]
    assert len(named) == len(set(named)) == 32


_TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6), max_size=4)


@given(_TEXTS, st.booleans(), st.data())
def test_any_pieces_of_any_texts_make_the_same_events(texts: list[str], as_events: bool, data: st.DataObject) -> None:
    documents = [*(answer({"text": one}, finish=None) for one in texts), answer(PICTURE)]
    body = events(*documents) if as_events else text(documents)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    pieces = [body[begin:end] for begin, end in pairwise([0, *cuts, len(body)])]
    whole = words(read(b"", pieces))
    assert whole == words(read(body))
    assert whole == [*(["text " + "".join(texts)] if texts else []), "picture", "STOP"]
