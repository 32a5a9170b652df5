"""Keys go out of errors, however an answer is cut into pieces; pictures and texts stay as they are."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.providers.google.wire.redaction import Redaction

KEY = "AIzaSyAVeryLongKey"
ERROR = b'{"candidates":[{"x":"KEY"}]}\n{"error":{"message":"KEY, or KEY"}, "x": 1}'.replace(b"KEY", KEY.encode())
SHOWN = b'{"candidates":[{"x":"AIzaSyAVeryLongKey"}]}\n{"error":{"message":"[redacted], or [redacted]"}, "x": 1}'


def passed_on(pieces: list[bytes], secrets: list[str], *, everywhere: bool = False) -> bytes:
    redaction = Redaction(secrets, everywhere=everywhere)
    return b"".join([*map(redaction.feed, pieces), redaction.feed(b"", last=True)])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 20, 1000])
@pytest.mark.parametrize("secrets", [[KEY], [f"Bearer {KEY}", "other-key"]])
def test_an_error_has_no_key_in_any_pieces(size: int, secrets: list[str]) -> None:
    pieces = [ERROR[at : at + size] for at in range(0, len(ERROR), size)]
    assert passed_on(pieces, secrets) == SHOWN


@given(st.lists(st.integers(0, len(ERROR)), max_size=6))
def test_an_error_has_no_key_wherever_it_is_cut(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(ERROR)]
    assert passed_on([ERROR[a:b] for a, b in itertools.pairwise(ends)], [KEY]) == SHOWN


@pytest.mark.parametrize(
    "answer",
    [
        b'{"data":"AIzaSyAVeryLongKey"}',
        b'{"text":"{\\"error\\": \\"AIzaSyAVeryLongKey\\"}"}',
        b'{"error":"none any test \xff\x00"}',
    ],
)
def test_what_is_no_error_and_what_is_no_key_stays(answer: bytes) -> None:
    for size in (1, len(answer)):
        pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
        assert passed_on(pieces, [KEY, "none", "Bearer any", ""]) == answer


def test_a_short_key_is_one_and_a_word_is_none() -> None:
    assert passed_on([b'"error":"sk-1234, test"'], ["Bearer sk-1234", "test"]) == b'"error":"[redacted], test"'


def test_without_keys_nothing_is_looked_for() -> None:
    assert passed_on([ERROR], []) == ERROR


def test_each_piece_goes_on_at_once_up_to_what_may_be_a_key() -> None:
    redaction = Redaction([KEY])
    assert redaction.feed(b"abc") == b"abc"
    assert redaction.feed(b'"error": long enough') == b'"er'
    assert redaction.feed(b"", last=True) == b'ror": long enough'


def test_an_answer_without_pictures_has_no_key_anywhere() -> None:
    assert passed_on([b'{"new":"AIzaSyAVery', b'LongKey"}'], [KEY], everywhere=True) == b'{"new":"[redacted]"}'
