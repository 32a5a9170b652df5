"""The answer cache, as the Python client asks for it."""

import asyncio
import uuid
from typing import Any

import pytest

import imagewire
from tests.sdk.cutting import cutting

BIG = "gemini/emulator-size-8MB"


@pytest.fixture
def banana() -> str:
    """A prompt that no other test has drawn."""
    return f"A banana {uuid.uuid4()}"


def test_every_call_that_draws_takes_it(target: str, paid: Any, banana: str) -> None:
    with imagewire.Client(target) as client:
        first = client.draw(banana, cache_ttl=600)
        assert client.draw(banana, cache_ttl=600) == first
        chat = client.chat.create().append(banana)
        answer = chat.sample(cache_ttl=600.5)
        assert (answer.usage.cached_answer, answer.cost, answer.cost_nano_usd) == (True, 0.0, 0)
        *_, (streamed, _) = chat.stream(cache_ttl=600)
        *_, (framed, _) = chat.frames(cache_ttl=600)
        created = client.create_completion(prompt=banana, cache_ttl=600)
        *_, last = client.stream_completion(prompt=banana, cache_ttl=600)
        assert {streamed.id, framed.id, created.completion_id} == {answer.id}
        assert last.finished.usage.cached_answer
        assert paid() == 1
        assert not chat.sample(cache_ttl=0).usage.cached_answer
        assert paid() == 2


def test_the_asynchronous_client_takes_it(target: str, paid: Any, banana: str) -> None:
    async def both() -> None:
        async with imagewire.AsyncClient(target) as client:
            for _ in range(2):
                await client.draw(banana, cache_ttl=600)
                await client.create_completion(prompt=banana, cache_ttl=600)
                await client.chat.create().append(banana).sample(cache_ttl=600)

    asyncio.run(both())
    assert paid() == 1


@pytest.mark.parametrize("wrong", [-1, 1e12, float("nan"), float("inf"), "600", True])
def test_what_is_no_age_is_refused(target: str, wrong: Any) -> None:
    refused = pytest.raises(imagewire.InvalidRequest, match=r"cache_ttl must be .* from 0 to 315")
    with imagewire.Client(target) as client, refused:
        client.draw("A banana", cache_ttl=wrong)


def test_a_cut_cached_answer_goes_on_and_still_costs_nothing(target: str, paid: Any, banana: str) -> None:
    with imagewire.Client(target) as client:
        first = client.chat.create(BIG).append(banana).sample(cache_ttl=600)
    with cutting(target, every=1_500_000, most=4) as proxy, imagewire.Client(proxy.address) as client:
        again = client.chat.create(BIG).append(banana).sample(cache_ttl=600)
    assert proxy.cuts == 4
    assert again.image == first.image
    assert (again.usage.cached_answer, again.cost) == (True, 0.0)
    assert paid() == 1


def test_a_request_id_of_ones_own_has_the_cached_answer(target: str, paid: Any, banana: str) -> None:
    mine = str(uuid.uuid4())
    with imagewire.Client(target) as client:
        first = client.draw(banana, cache_ttl=600)
        for _ in range(2):
            assert client.draw(banana, cache_ttl=600, request_id=mine) == first
        assert client.get_completion(request_id=mine).usage.cached_answer
        with pytest.raises(imagewire.RequestIdReused):
            client.draw("An apple", cache_ttl=600, request_id=mine)
    assert paid() == 1


def test_a_server_that_keeps_nothing_says_so(not_keeping: str) -> None:
    with imagewire.Client(not_keeping) as client, pytest.raises(imagewire.KeepOff, match="cache_ttl"):
        client.draw("A banana", cache_ttl=600)
