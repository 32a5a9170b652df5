"""Names with "*": what fits, what each "*" stands for, and which comes first."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.config.name_patterns import filled, fits, match, rank


@given(st.text("ab*-", max_size=6), st.text("ab-", max_size=9))
def test_it_matches_as_the_regular_expression_would(pattern: str, name: str) -> None:
    found = re.fullmatch(re.escape(pattern).replace(r"\*", "(.*)"), name)
    parts = match(pattern, name)
    assert parts == (found.groups() if found else None)
    assert fits(pattern, name) == (found is not None and "*" in pattern)
    if parts is not None:
        assert filled(pattern, parts) == name


@pytest.mark.parametrize(("pattern", "name"), [("ab*ba", "aba"), ("a*", "b"), ("*b", "ba"), ("a*b*a", "aba-")])
def test_what_does_not_fit(pattern: str, name: str) -> None:
    assert match(pattern, name) is None


def test_a_model_without_a_star_is_itself() -> None:
    assert filled("model", ["a", "b"]) == "model"


def test_many_stars_take_no_longer_than_one() -> None:
    assert match("*a" * 200 + "*", "a" * 199) is None  # a regular expression would try every way
    assert match("*a" * 200, "a" * 2000) == ("a" * 1800, *[""] * 199)


def test_the_longer_pattern_comes_first_and_then_the_one_with_more_stars() -> None:
    names = ["*", "g*", "gemini/*", "gemini/gemini-*"]
    assert sorted(names, key=rank) == names
    assert rank("a-*") > rank("*bcd")
    assert rank("a*") == rank("*a")
