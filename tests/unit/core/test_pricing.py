"""Usage by modality and what it costs."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as drawn_by
from hypothesis import settings
from hypothesis import strategies as st

from imagewire_server.contract import pb
from imagewire_server.contract.provider import Capabilities, ImagePrice, TokenPrice
from imagewire_server.core.pricing import Asked, Drawn, nano_usd
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.wire.mapping import usage
from imagewire_server.providers.google.wire.response_types import Tokens, UsageMetadata
from tests.effort import times

TABLE = models("vertex_ai")
BARE = replace(TABLE.unknown, id="m")
PRO = replace(BARE, price=TokenPrice(prompt=2, text=12, image=120), image_tokens={"1K": 1120, "4K": 2000})
FLASH = TABLE.find("gemini-2.5-flash-image")
ONE, NONE = Drawn(pictures=1), Drawn()


def made(**given: Any) -> pb.Usage:
    details = {name: [Tokens(m, n) for m, n in given.pop(name)] for name in list(given) if name.endswith("_details")}
    return usage(UsageMetadata(**given, **details))


def nano(found: pb.Usage, known: Capabilities = PRO, drawn: Drawn = NONE, size: str = "", tier: str = "") -> Any:
    return nano_usd(found, Asked(known, size, tier), drawn)


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
    assert nano(found) == (14 * 2 + (322 + 158) * 12 + 1120 * 120) * 1000


# A call of each model in the table, prompt 20, text 10, one picture: by hand, in US dollars.
BY_HAND = [
    # (20 x 0.30 + 10 x 2.50 + 1290 x 30) / 1e6
    ("gemini-2.5-flash-image", "1K", 1290, 0.038731),
    # (20 x 2 + 10 x 12 + 1120 x 120) / 1e6; 4K: 2000 x 120
    ("gemini-3-pro-image", "1K", 1120, 0.13456),
    ("gemini-3-pro-image", "2K", 1120, 0.13456),
    ("gemini-3-pro-image", "4K", 2000, 0.24016),
    # (20 x 0.50 + 10 x 3 + n x 60) / 1e6
    ("gemini-3.1-flash-image", "512", 747, 0.04486),
    ("gemini-3.1-flash-image", "1K", 1120, 0.06724),
    ("gemini-3.1-flash-image", "2K", 1680, 0.10084),
    ("gemini-3.1-flash-image", "4K", 2520, 0.15124),
    # (20 x 0.25 + 10 x 1.50 + 1120 x 30) / 1e6
    ("gemini-3.1-flash-lite-image", "1K", 1120, 0.03362),
    # (20 x 1.50 + 10 x 7.50 + 1120 x 30) / 1e6
    ("gemini-nano-banana-2.1", "1K", 1120, 0.033705),
]


@pytest.mark.parametrize(("model", "size", "image", "dollars"), BY_HAND)
@pytest.mark.parametrize("listed", [True, False])
def test_u7_the_price_of_each_model_by_hand(model: str, size: str, image: int, dollars: float, listed: bool) -> None:
    details = {"candidates_tokens_details": [("IMAGE", image), ("TEXT", 10)]} if listed else {}
    found = made(prompt_token_count=20, candidates_token_count=image + 10, total_token_count=image + 30, **details)
    facts = TABLE.find(model)
    wanted = round(dollars * 10**9)
    drawn = Drawn(pictures=1, text_bytes=40)
    assert nano(found, facts, drawn, size) == wanted
    assert nano(found, facts, drawn, size, "flex") == wanted // 2
    assert nano(found, facts, drawn, size, "standard") == wanted
    assert nano(found, facts, drawn, size, "priority") is None


def test_every_model_of_the_table_is_priced_by_hand() -> None:
    facts = {(model.id, size) for model in TABLE.models for size in model.image_tokens}
    assert facts == {(model, size) for model, size, *_ in BY_HAND}


def test_thoughts_that_are_counted_in_are_taken_out() -> None:
    found = made(
        prompt_token_count=10, candidates_token_count=1300, thoughts_token_count=100, total_token_count=1310,
        candidates_tokens_details=[("IMAGE", 1120), ("TEXT", 80)],
    )  # fmt: skip
    assert (found.candidates_tokens, found.thoughts_tokens) == (1200, 100)
    assert by_modality(found) == {"IMAGE": 1120, "TEXT": 80}
    assert nano(found) == (10 * 2 + 180 * 12 + 1120 * 120) * 1000


def test_u7_thoughts_that_are_counted_in_the_details_too_are_taken_out() -> None:
    found = made(
        prompt_token_count=10, candidates_token_count=1300, thoughts_token_count=100, total_token_count=1310,
        candidates_tokens_details=[("IMAGE", 1120), ("TEXT", 180)],
    )  # fmt: skip
    assert by_modality(found) == {"IMAGE": 1120, "TEXT": 80}
    assert nano(found) == (10 * 2 + 180 * 12 + 1120 * 120) * 1000


def test_a_modality_listed_twice_is_added_up() -> None:
    found = made(
        prompt_token_count=3, candidates_token_count=1290, total_token_count=1293,
        candidates_tokens_details=[("IMAGE", 1000), ("IMAGE", 290)], prompt_tokens_details=[("TEXT", 1), ("TEXT", 2)],
    )  # fmt: skip
    assert by_modality(found) == {"IMAGE": 1290}
    assert [(d.modality, d.tokens) for d in found.prompt_tokens_details] == [("TEXT", 3)]


def test_details_of_cached_and_tool_tokens_are_told() -> None:
    found = made(
        cache_tokens_details=[("TEXT", 1), ("text", 2)],
        tool_use_prompt_tokens_details=[("IMAGE", 4)],
        service_tier="FLEX",
    )
    assert [(d.modality, d.tokens) for d in found.cached_content_tokens_details] == [("TEXT", 3)]
    assert [(d.modality, d.tokens) for d in found.tool_use_prompt_tokens_details] == [("IMAGE", 4)]
    assert found.service_tier == "FLEX"


IMAGE = [("IMAGE", 1290)]
# what, usage, drawn, the cost on gemini-2.5-flash-image in thousandths of a billionth, None where nobody can tell
ROWS: list[tuple[str, dict[str, Any], Drawn, float | None]] = [
    ("no details", {"candidates": 1290, "total": 1300}, ONE, 0.0387 + 10 * 0.30e-6),
    ("two pictures", {"candidates": 2580, "total": 2590}, Drawn(pictures=2), 2 * 0.0387 + 10 * 0.30e-6),
    (
        "text too",
        {"candidates": 1300, "total": 1310},
        Drawn(pictures=1, text_bytes=30),
        0.0387 + 10 * 0.30e-6 + 10 * 2.5e-6,
    ),
    ("fewer tokens than a picture takes", {"candidates": 1100, "total": 1110}, ONE, None),
    ("more tokens, and no text", {"candidates": 1300, "total": 1310}, ONE, None),
    ("as many as a second picture's", {"candidates": 2580, "total": 2590}, Drawn(pictures=1, text_bytes=9), None),
    ("no picture's tokens at all", {"total": 10}, ONE, None),
    ("only text listed", {"candidates": 1290, "total": 1300, "details": [("TEXT", 1290)]}, ONE, 0.0387 + 3e-6),
    (
        "the text listed, the picture not",
        {"candidates": 1300, "total": 1310, "details": [("TEXT", 10)]},
        Drawn(pictures=1, text_bytes=30),
        0.0387 + 10 * 0.30e-6 + 10 * 2.5e-6,
    ),
    (
        "text listed in another way",
        {"candidates": 1300, "total": 1310, "details": [("TEXT", 7)]},
        Drawn(pictures=1, text_bytes=30),
        None,
    ),
    ("more listed than there are", {"candidates": 1000, "total": 1010, "details": IMAGE}, ONE, None),
    ("small letters", {"candidates": 1290, "total": 1300, "details": [("image", 1290)]}, ONE, 0.0387 + 3e-6),
    ("no count, but details", {"total": 1300, "details": IMAGE}, ONE, 0.0387 + 3e-6),
    ("no total", {"candidates": 1290, "details": IMAGE}, ONE, 0.0387 + 3e-6),
    ("no total, with thoughts that cannot be counted in", {"candidates": 1290, "thoughts": 5, "details": IMAGE}, ONE,
     0.0387 + 3e-6 + 5 * 2.5e-6),
    ("no total, thoughts perhaps counted in", {"candidates": 1390, "thoughts": 90, "details": IMAGE}, ONE, None),
    ("a total that does not add up", {"candidates": 1290, "total": 1400, "details": IMAGE}, ONE, None),
    ("no prompt", {"prompt": None, "candidates": 1290, "total": 1290, "details": IMAGE}, ONE, None),
    ("cached, without a price for it", {"candidates": 1290, "cached": 3, "total": 1300, "details": IMAGE}, ONE, None),
    ("a modality of no price", {"candidates": 5, "total": 15, "details": [("AUDIO", 5)]}, NONE, None),
    ("media, and no details", {"candidates": 5, "total": 15}, Drawn(media=1), None),
    ("a draft alone", {"candidates": 1290, "total": 1300}, Drawn(drafts=1), None),
    ("a draft and a picture", {"candidates": 1290, "total": 1300}, Drawn(drafts=1, pictures=1), 0.0387 + 3e-6),
    ("text alone", {"candidates": 100, "total": 110}, Drawn(text_bytes=9), 3e-6 + 100 * 2.5e-6),
    ("a prompt that was heard", {"candidates": 1290, "total": 1300, "details": IMAGE, "heard": 4}, ONE, None),
    ("tools", {"candidates": 1290, "tools": 7, "total": 1307, "details": IMAGE}, ONE, 0.0387 + 17 * 0.30e-6),
    ("on demand", {"candidates": 1290, "total": 1300, "details": IMAGE, "traffic": "ON_DEMAND"}, ONE, 0.0387 + 3e-6),
    ("flex traffic", {"candidates": 1290, "total": 1300, "details": IMAGE, "traffic": "ON_DEMAND_FLEX"}, ONE,
     (0.0387 + 3e-6) / 2),
    ("provisioned", {"candidates": 1290, "total": 1300, "details": IMAGE, "traffic": "PROVISIONED_THROUGHPUT"}, ONE,
     None),
    ("served as flex", {"candidates": 1290, "total": 1300, "details": IMAGE, "tier": "SERVICE_TIER_FLEX"}, ONE,
     (0.0387 + 3e-6) / 2),
    ("served as what has no price", {"candidates": 1290, "total": 1300, "details": IMAGE, "tier": "turbo"}, ONE, None),
    ("more than can be", {"candidates": 2**53, "total": 2**53, "details": [("IMAGE", 2**53), ("IMAGE", 2**53)]}, ONE,
     None),
]  # fmt: skip


@pytest.mark.parametrize(("given", "drawn", "dollars"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_u7_a_cost_is_right_or_absent(given: dict[str, Any], drawn: Drawn, dollars: float | None) -> None:
    found = made(
        prompt_token_count=given.get("prompt", 10),
        candidates_token_count=given.get("candidates"),
        thoughts_token_count=given.get("thoughts"),
        cached_content_token_count=given.get("cached"),
        tool_use_prompt_token_count=given.get("tools"),
        total_token_count=given.get("total"),
        candidates_tokens_details=given.get("details", []),
        prompt_tokens_details=[("AUDIO", given["heard"])] if "heard" in given else [],
        traffic_type=given.get("traffic"),
        service_tier=given.get("tier"),
    )
    assert nano(found, FLASH, drawn) == (None if dollars is None else round(dollars * 10**9))


def test_u7_nothing_is_listed_that_the_provider_did_not_list() -> None:
    assert by_modality(made(prompt_token_count=10, candidates_token_count=1290, total_token_count=1300)) == {}
    assert made() == pb.Usage()


@pytest.mark.parametrize("facts", [TABLE.unknown, BARE])
def test_a_model_without_a_price_has_no_cost(facts: Capabilities) -> None:
    assert nano(made(prompt_token_count=5, total_token_count=5), facts) is None


def test_cached_tokens_have_their_own_price() -> None:
    found = made(prompt_token_count=100, cached_content_token_count=60, total_token_count=100)
    assert nano(found, replace(BARE, price=TokenPrice(2, 12, 120, cached=0.075))) == 40 * 2000 + 60 * 75


def test_the_tier_that_served_goes_before_the_one_that_was_asked_for() -> None:
    found = made(prompt_token_count=10, candidates_token_count=2, total_token_count=12, service_tier="standard")
    assert nano(found, FLASH, tier="flex") == 3000 + 5000


counts = st.none() | st.integers(0, 5) | st.integers(0, 2**53)
listed = st.none() | st.lists(
    st.builds(Tokens, st.sampled_from(["TEXT", "image", "IMAGE", "", "AUDIO"]), st.integers(0, 2**53)), max_size=5
)


@drawn_by(
    st.builds(UsageMetadata, *[counts] * 6, *[listed] * 4, st.sampled_from([None, "ON_DEMAND", "X"]), st.just(None)),
    st.builds(Drawn, *[st.integers(0, 3)] * 4),
)
@settings(max_examples=times(500))
def test_any_counts_are_told_and_priced_or_not(given: UsageMetadata, drawn: Drawn) -> None:
    found = usage(given)
    cost = nano(found, FLASH, drawn)
    assert cost is None or 0 <= cost < 2**63
    if cost is not None:
        found.cost_nano_usd = cost


@pytest.mark.parametrize(
    ("drawn", "size", "wanted"),
    [
        (ONE, "", 40_000_000),
        (Drawn(pictures=3), "4K", 3 * 240_000_000),
        (NONE, "", 0),
        (ONE, "2K", None),
        (Drawn(pictures=1, drafts=1), "", None),
        (Drawn(pictures=1, media=1), "", None),
    ],
)
def test_a_price_per_picture_needs_no_usage(drawn: Drawn, size: str, wanted: int | None) -> None:
    known = Capabilities("m", price=ImagePrice({"1K": 0.04, "4K": 0.24}))
    assert nano_usd(None, Asked(known, size), drawn) == wanted
    assert nano_usd(made(prompt_token_count=5), Asked(known, size), drawn) == wanted
