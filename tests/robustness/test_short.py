"""Short runs of `make robustness` and `make at-scale`."""

from tests.robustness.__main__ import check
from tests.robustness.at_scale import cuts, race
from tests.robustness.outage import outage


async def test_no_request_id_is_paid_twice_and_no_event_is_lost() -> None:
    assert await check(8.0, seed=3) == []


async def test_a_planted_bug_is_found() -> None:
    found = await check(4.0, seed=3, module="tests.robustness.planted_bug")
    assert any("the provider was asked 2 times" in words for words in found)


def test_pictures_arrive_whole_through_a_proxy_that_cuts() -> None:
    assert cuts(6, at_once=3) == []


async def test_calls_that_race_on_two_servers_with_s3_pay_once() -> None:
    assert await race("s3", calls=60, idents=6) == []


def test_after_an_outage_clients_draw_again_and_nothing_is_paid_twice() -> None:
    assert outage(4.0, within=15.0) == []
