"""Limits and budgets that two servers share in a real Redis, which is killed and started again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imagewire_server.contract import pb
from imagewire_server.core.access import scripts
from imagewire_server.core.pricing import NANO
from imagewire_server.core.store.shared.connection import Connection
from tests.conftest import Stack, running_stack, spec
from tests.integration.caller_keys import create, policy, race, shown
from tests.integration.shared_store import Redis, running_redis

pytestmark = pytest.mark.system

CALLERS = (
    policy("poor", usd_per_day=1.0),
    policy("quick", requests_per_minute=20),
    policy("few", calls_at_once=4),
    policy("drawing", pictures_per_minute=5),
    policy("free"),
)


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[Redis, list[Stack]]]:
    (tmp_path / "redis").mkdir()
    with running_redis(tmp_path / "redis") as redis:
        given = {"limits_redis": redis.url, "replicas": 2, "callers": CALLERS}
        async with running_stack(**given) as first, running_stack(beside=first, **given) as second:
            yield redis, [first, second]


async def until(stack: Stack, name: str, reason: str) -> None:
    """Call until a call ends like this."""
    async with asyncio.timeout(60):
        while (await create(stack, name))[0] != reason:
            pass


async def test_f26_a_budget_raced_on_two_servers_is_never_overspent(two: tuple[Redis, list[Stack]]) -> None:
    _, stacks = two
    ended, spent = await race(stacks, "poor", 200)
    more, rest = await race(stacks, "poor", 60)
    assert set(ended) | set(more) == {"OK", "BUDGET_EXHAUSTED"}
    assert 0.9 < spent + rest <= 1.0
    assert len(stacks[0].emulator.ledger.entries) == ended["OK"] + more.get("OK", 0)


async def test_limits_are_exact_over_two_servers(two: tuple[Redis, list[Stack]]) -> None:
    _, stacks = two
    ended, _ = await race(stacks, "quick", 60)
    assert ended == {"OK": 20, "CALLER_LIMITED": 40}
    ended, _ = await race(stacks, "drawing", 20)
    assert ended == {"OK": 5, "CALLER_LIMITED": 15}


async def test_calls_at_once_count_over_two_servers_and_end(two: tuple[Redis, list[Stack]]) -> None:
    _, stacks = two
    request = pb.StreamCompletionRequest(spec=spec("gemini/emulator-stuck"))
    calls = [stacks[one % 2].chat.StreamCompletion(request, metadata=shown("few")) for one in range(4)]
    for call in calls:
        await call.read()
    for stack in stacks:
        assert (await create(stack, "few"))[0] == "CALLER_LIMITED"
    calls[0].cancel()
    await until(stacks[1], "few", "OK")
    for call in calls:
        call.cancel()


async def test_what_redis_is_asked_twice_because_a_connection_broke_counts_once(two: tuple[Redis, list[Stack]]) -> None:
    connection = Connection(two[0].url)
    for _ in range(2):
        assert await connection.run(scripts.ENTER, "a", 1, "x", 30)
        assert await connection.run(scripts.ADMIT, "a", "requests", 1, "x", 60, 0) == b"0.000 1"
        assert (await connection.run(scripts.RESERVE, "a", 10, 10, "x"))[0] == 1
    assert not await connection.run(scripts.ENTER, "a", 1, "y", 30)
    wait, count = map(float, (await connection.run(scripts.ADMIT, "a", "requests", 1, "y", 60, 0)).split())
    assert (wait > 0, count) == (True, 1)
    assert (await connection.run(scripts.RESERVE, "a", 10, 1, "y"))[0] == 0
    await connection.aclose()


async def test_redis_tells_what_is_spent_from_what_running_calls_have_reserved(two: tuple[Redis, list[Stack]]) -> None:
    connection = Connection(two[0].url)
    await connection.run(scripts.ABANDON, "a", "gone")
    for ident in "xy":
        assert (await connection.run(scripts.RESERVE, "a", 10, 5, ident))[0] == 1
    _, day, _, soon = await connection.run(scripts.RESERVE, "a", 10, 10, "z")
    assert soon == 1
    await connection.run(scripts.SETTLE, "a", day, "x", 4)
    # 4 are spent, and 5 reserved.
    for amount, expected in ((6, 1), (7, 0), (11, 0)):
        ok, _, _, soon = await connection.run(scripts.RESERVE, "a", 10, amount, "z")
        assert (ok, soon) == (0, expected)
    await connection.aclose()


async def test_what_a_killed_server_reserved_is_not_awaited(two: tuple[Redis, list[Stack]]) -> None:
    connection = Connection(two[0].url)
    _, day, _, _ = await connection.run(scripts.RESERVE, "a", 10, 5, "killed")
    two_hours_ago = "redis.call('HSET', ARGV[1], 'killed', '5 ' .. (tonumber(redis.call('TIME')[1]) - 7200))"
    await connection.run(two_hours_ago, f"imagewire:callers:a:reserved:{day}")
    ok, _, _, soon = await connection.run(scripts.RESERVE, "a", 10, 6, "z")
    assert (ok, soon) == (0, 0)
    await connection.run(scripts.SETTLE, "a", day, "killed", 0)
    assert (await connection.run(scripts.RESERVE, "a", 10, 10, "z"))[0] == 1
    await connection.aclose()


async def test_f27_redis_killed_and_started_again(two: tuple[Redis, list[Stack]]) -> None:
    redis, stacks = two
    ended, before = await race(stacks, "poor", 10)
    assert ended == {"OK": 10}
    redis.kill()
    for stack in stacks:
        await until(stack, "poor", "BUDGET_UNAVAILABLE")
    ended, _ = await race(stacks, "quick", 60)
    assert ended == {"OK": 20, "CALLER_LIMITED": 40}, "half of them on each"
    ended, _ = await race(stacks, "free", 4)
    assert ended == {"OK": 4}
    redis.start()
    for stack in stacks:
        await until(stack, "poor", "OK")
    ended, _ = await race(stacks, "drawing", 20)
    assert ended == {"OK": 5, "CALLER_LIMITED": 15}, "both count together again"
    _, after = await race(stacks, "poor", 100)
    again, more = await race(stacks, "poor", 60)
    assert before + after + more + 2 * 0.0387 <= 1.0
    assert "BUDGET_EXHAUSTED" in again


async def test_f27_a_redis_that_hangs_reserves_nothing_for_the_calls_that_were_refused(
    two: tuple[Redis, list[Stack]],
) -> None:
    redis, stacks = two
    ended, cost = await race(stacks, "poor", 1)
    assert ended == {"OK": 1}
    redis.hang()
    ended, _ = await race(stacks, "poor", 10)
    assert ended == {"BUDGET_UNAVAILABLE": 10}
    redis.hang(ends=True)
    with redis.client as client:

        def spent() -> int:
            (key,) = client.keys("imagewire:callers:poor:spent:*")
            return int(client.get(key) or 0)

        async with asyncio.timeout(60):
            while await asyncio.to_thread(spent) != round(cost * NANO):
                pass
    for stack in stacks:
        await until(stack, "poor", "OK")


async def test_f27_what_ends_while_redis_is_away_is_settled_afterwards(two: tuple[Redis, list[Stack]]) -> None:
    redis, (first, _) = two

    def spent() -> int:
        with redis.client as client:
            return sum(int(client.get(key) or 0) for key in client.keys("imagewire:callers:poor:spent:*"))

    async def changed(before: int) -> int:
        async with asyncio.timeout(60):
            while (now := await asyncio.to_thread(spent)) == before:
                pass
        return now

    drawing = asyncio.create_task(create(first, "poor", prompt="A banana x-emulate: latency=3s"))
    reserved = await changed(0)
    redis.kill()
    reason, cost = await drawing
    assert reason == "OK"
    redis.start()
    assert await changed(reserved) == pytest.approx(cost * 10**9, abs=1)
