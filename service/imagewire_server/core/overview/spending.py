"""Who called and what it cost: by the numbers of the metrics, the budgets, and the last calls."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from imagewire_server.config.caller_policies import LIMITS, METHODS, NANO, Policy
from imagewire_server.core import instruments as names
from imagewire_server.core.access.quotas import Budget
from imagewire_server.core.counters import Name
from imagewire_server.core.overview.last_calls import EndedCall
from imagewire_server.core.overview.times import day
from imagewire_server.core.router import Upstream

Numbers = Mapping[str, Mapping[Name, float]]  # of each metric, by its labels


def callers(policies: Sequence[Policy], numbers: Numbers, budgets: Mapping[str, Budget]) -> list[dict[str, Any]]:
    """The callers of the configuration, then those that are no longer in it. budgets: by name, as far as known."""
    by_name = {policy.name: policy for policy in policies}
    counted = dict.fromkeys((*by_name, *(name for name, _ in numbers[names.OF_CALLERS])))
    return [_caller(name, by_name.get(name), numbers, budgets.get(name)) for name in counted]


def others(numbers: Numbers) -> dict[str, Any]:
    """What no caller of the configuration has asked for: the holder of the master key, who needs no key, strangers."""
    own_calls, own_usd = sum(numbers[names.OF_CALLERS].values()), sum(numbers[names.COST_OF].values())
    calls, usd = sum(numbers[names.CALLS].values()), sum(numbers[names.COST].values())
    return {"calls": max(0, round(calls - own_calls)), "usd": max(0.0, _usd(usd - own_usd))}


def spend(upstreams: Iterable[Upstream], numbers: Numbers, calls: Iterable[EndedCall]) -> dict[str, Any]:
    """What was spent in all, by deployment; and of the last calls, by day and model."""
    known = {upstream.deployment.id: upstream.deployment for upstream in upstreams}
    unknown: dict[str, float] = {}
    for (ident, _), number in numbers[names.COST_UNKNOWN].items():
        unknown[ident] = unknown.get(ident, 0.0) + number
    spent = {ident: usd for (ident,), usd in numbers[names.COST].items()}
    return {
        "usd": _usd(sum(spent.values())),
        "calls_of_unknown_cost": round(sum(unknown.values())),
        "deployments": [
            {
                "id": ident,
                "provider": known[ident].provider if ident in known else "",
                "model": known[ident].model if ident in known else "",
                "usd": _usd(spent.get(ident, 0.0)),
                "calls_of_unknown_cost": round(unknown.get(ident, 0.0)),
            }
            for ident in dict.fromkeys((*spent, *unknown))
        ],
        "days": _days(calls),
    }


def attempts(numbers: Numbers) -> Mapping[str, Mapping[str, int]]:
    """How many upstream calls each deployment has had, by how they ended."""
    found: dict[str, dict[str, int]] = {}
    for (ident, reason), number in numbers[names.ATTEMPTS].items():
        found.setdefault(ident, {})[reason] = round(number)
    return found


def _caller(name: str, policy: Policy | None, numbers: Numbers, budget: Budget | None) -> dict[str, Any]:
    codes = {code: round(number) for (of, code), number in numbers[names.OF_CALLERS].items() if of == name}
    return {
        "name": name,
        "revoked": policy is None,
        "calls": sum(codes.values()),
        "failed": sum(number for code, number in codes.items() if code != "OK"),
        "pictures": round(numbers[names.PICTURES_OF].get((name,), 0.0)),
        "usd": _usd(numbers[names.COST_OF].get((name,), 0.0)),
        "limits": {limit: getattr(policy, limit) for limit in LIMITS[:3]} if policy else None,
        "models": list(policy.models) if policy else [],
        "methods": [method for method in METHODS if policy and method in policy.methods],
        "budget": _budget(policy, budget) if policy and policy.usd_per_day is not None else None,
    }


def _budget(policy: Policy, budget: Budget | None) -> dict[str, Any]:
    left = None if budget is None else max(0, budget.most - budget.spent - budget.reserved)
    return {
        "usd_per_day": policy.usd_per_day,
        "usd_here": None if budget is None else budget.most / NANO,
        "spent_usd": None if budget is None else budget.spent / NANO,
        "reserved_usd": None if budget is None else budget.reserved / NANO,
        "left_usd": None if left is None else left / NANO,
        "resets_in_seconds": None if budget is None else round(budget.until_next),
        "for_each_subject": has_subjects(policy),
    }


def has_subjects(policy: Policy) -> bool:
    """Whether its limits and budget hold for each subject of its tokens."""
    return policy.jwt is not None and not policy.jwt.is_one


def _days(calls: Iterable[EndedCall]) -> list[dict[str, Any]]:
    """Of each day and model, in the order of the calls."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for call in calls:
        if call.model:
            key = day(call.time), call.model
            one = found.setdefault(key, {"day": key[0], "model": key[1], "calls": 0, "pictures": 0, "usd": 0.0})
            one["calls"] += 1
            one["pictures"] += call.pictures
            one["usd"] = _usd(one["usd"] + (call.cost_usd or 0.0))
    return list(found.values())


def _usd(dollars: float) -> float:
    """Without what adding doubles leaves behind: whole billionths."""
    return round(dollars, 9)
