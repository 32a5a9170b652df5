"""All that /status says, put together."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from imagewire_server.config.caller_policies import Policy
from imagewire_server.config.deployments import Deployment
from imagewire_server.config.token_rules import TokenRule
from imagewire_server.core import metrics
from imagewire_server.core.access.counts import CountsDown, LocalCounts, Spent
from imagewire_server.core.access.quotas import Quotas
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.counters import Counts
from imagewire_server.core.overview.last_calls import LastCalls
from imagewire_server.core.overview.overview import Overview, Sources
from tests.unit.core.overview.calls import NOON, ended
from tests.unit.core.routers import deployment, router


@pytest.fixture(autouse=True)
def _counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_counts", Counts())
    monkeypatch.setattr(metrics, "_shared", None)


class Down(LocalCounts):
    """Redis does not work."""

    async def spent(self, names: Sequence[str]) -> list[Spent]:
        raise CountsDown


class Made:
    """An overview of a server that stands still."""

    def __init__(self, *policies: Policy, counts: LocalCounts | None = None, **sources: Any) -> None:
        self.router = router(deployment("a", id="d"))
        self.asked: list[str] = []
        self.last_calls = LastCalls()
        given = {
            "router": lambda: self.router,
            "policies": lambda: policies,
            "quotas": Quotas(counts or LocalCounts(today=lambda: NOON)),
            "admission": Admission(7),
            "open_calls": lambda: {"grpc": 2, "rest": 1},
            "address": self._address,
            **sources,
        }
        self.overview = Overview(self.last_calls, Sources(**given), clock=lambda: 1000.0, now=lambda: NOON)

    def _address(self, of: Deployment) -> str:
        self.asked.append(of.id)
        return f"https://{of.id}.example"

    async def read(self, *, ready: bool = True) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self.overview.read(ready=ready))
        return found


async def test_the_server_says_how_it_is() -> None:
    metrics.count_running(3)
    made = Made(workers=4, shares_budgets=True)
    told = await made.read()
    server = told["server"]
    assert server.pop("process") > 0
    assert server.pop("version")
    assert server == {
        "now": "2026-01-31T12:00:00.000Z",
        "started": "2026-01-31T12:00:00.000Z",
        "state": "ready",
        "open_calls": {"grpc": 2, "rest": 1},
        "drawing": 0,
        "drawing_everywhere": 3,
        "max_drawing": 7,
        "workers": 4,
    }
    assert (told["counted_by"]["budgets"], told["counted_by"]["callers"]) == ("all servers", "all workers")
    assert (await made.read(ready=False))["server"]["state"] == "stopping"
    assert (await Made().read())["counted_by"]["budgets"] == "this process"


async def test_a_deployment_has_its_address_attempts_and_failures() -> None:
    made = Made()
    made.last_calls._ended.append(ended(tried=(("d", "UPSTREAM_UNAVAILABLE"),), code="UPSTREAM_UNAVAILABLE"))
    told = await made.read()
    (row,) = told["deployments"]
    assert (row["address"], row["attempts"], row["state"]) == ("https://d.example", {}, "available")
    assert [one["reason"] for one in row["recent_failures"]] == ["UPSTREAM_UNAVAILABLE"]
    assert [one["reason"] for one in told["calls"]] == ["UPSTREAM_UNAVAILABLE"]
    await made.read()
    assert made.asked == ["d"], "an address may be in files"
    made.router = router(deployment("b", id="e"))
    assert [one["address"] for one in (await made.read())["deployments"]] == ["https://e.example"]


async def test_budgets_are_those_of_one_party() -> None:
    staff = Policy("staff", usd_per_day=5.0, jwt=TokenRule("issuer"))
    made = Made(Policy("team", usd_per_day=5.0), Policy("free"), staff)
    budgets = {row["name"]: row["budget"] for row in (await made.read())["callers"]}
    assert (budgets["team"]["left_usd"], budgets["team"]["resets_in_seconds"]) == (5.0, 12 * 3600)
    assert (budgets["free"], budgets["staff"]["left_usd"]) == (None, None)


async def test_what_cannot_be_known_now_is_not_told() -> None:
    (row,) = (await Made(Policy("team", usd_per_day=5.0), counts=Down()).read())["callers"]
    assert (row["budget"]["usd_per_day"], row["budget"]["left_usd"]) == (5.0, None)
