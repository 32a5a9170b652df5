"""A short run of `make robustness`."""

from tests.robustness.__main__ import check


async def test_no_request_id_is_paid_twice_and_no_event_is_lost() -> None:
    assert await check(8.0, seed=3) == []


async def test_a_planted_bug_is_found() -> None:
    found = await check(4.0, seed=3, module="tests.robustness.planted_bug")
    assert any("the provider was asked 2 times" in words for words in found)
