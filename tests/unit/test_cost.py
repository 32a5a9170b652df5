"""Usage by modality and what it costs."""

from typing import Any

import pytest

from imagewire_server.config.models import Price
from imagewire_server.contract import pb
from imagewire_server.dialects.gemini.answer import Tokens, UsageMetadata
from imagewire_server.dialects.gemini.facts import usage
from imagewire_server.engine.cost import cost

PRICE = Price(prompt=2, text=12, image=120)


def made(**given: Any) -> pb.Usage:
    details = {name: [Tokens(m, n) for m, n in given.pop(name)] for name in list(given) if name.endswith("_details")}
    return usage(UsageMetadata(**given, **details))


def by_modality(given: pb.Usage) -> dict[str, int]:
    return {detail.modality: detail.tokens for detail in given.candidates_tokens_details}


def test_litellms_published_case() -> None:
    """prompt 14, candidates 1442, total 1614, picture 1120, thoughts 158."""
    found = made(
        prompt_token_count=14,
        candidates_token_count=1442,
        total_token_count=1614,
        thoughts_token_count=158,
        candidates_tokens_details=[("IMAGE", 1120)],
    )
    assert found.candidates_tokens + found.thoughts_tokens == 1600
    assert by_modality(found) == {"IMAGE": 1120, "TEXT": 322}
    assert found.thoughts_tokens == 158
    assert cost(found, PRICE) == pytest.approx((14 * 2 + (322 + 158) * 12 + 1120 * 120) / 1e6)


def test_thoughts_that_are_counted_in_are_taken_out() -> None:
    found = made(
        prompt_token_count=10, candidates_token_count=1300, thoughts_token_count=100, total_token_count=1310,
        candidates_tokens_details=[("IMAGE", 1120), ("TEXT", 80)],
    )  # fmt: skip
    assert (found.candidates_tokens, found.thoughts_tokens) == (1200, 100)
    assert by_modality(found) == {"IMAGE": 1120, "TEXT": 80}


def test_a_modality_listed_twice_is_added_up() -> None:
    found = made(
        prompt_token_count=3, candidates_token_count=1290, total_token_count=1293,
        candidates_tokens_details=[("IMAGE", 1000), ("IMAGE", 290)], prompt_tokens_details=[("TEXT", 1), ("TEXT", 2)],
    )  # fmt: skip
    assert by_modality(found) == {"IMAGE": 1290}
    assert [(d.modality, d.tokens) for d in found.prompt_tokens_details] == [("TEXT", 3)]


@pytest.mark.parametrize(
    ("given", "price"),
    [
        ({"prompt_token_count": 5, "total_token_count": 5}, None),
        ({}, PRICE),
        ({"prompt_token_count": 5, "cached_content_token_count": 3, "total_token_count": 5}, PRICE),
        ({"candidates_token_count": 5, "total_token_count": 5, "candidates_tokens_details": [("AUDIO", 5)]}, PRICE),
    ],
)
def test_what_cannot_be_priced_has_no_price(given: dict[str, Any], price: Price | None) -> None:
    assert cost(made(**given), price) is None


def test_cached_tokens_have_their_own_price() -> None:
    found = made(prompt_token_count=100, cached_content_token_count=60, total_token_count=100)
    assert cost(found, Price(2, 12, 120, cached=0.5)) == pytest.approx((40 * 2 + 60 * 0.5) / 1e6)
