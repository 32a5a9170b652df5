"""The limits of callers: how many calls, requests and pictures, and how many dollars a day."""

import secrets
from collections.abc import Sequence
from typing import NamedTuple

from imagewire_server.config.caller_policies import Policy, nano
from imagewire_server.contract import pb
from imagewire_server.contract.access_errors import (
    BudgetExhausted,
    BudgetTooSmall,
    BudgetUnavailable,
    CallerLimited,
    PriceUnknown,
)
from imagewire_server.core.access.caller import Permission
from imagewire_server.core.access.counts import Counts, CountsDown, LocalCounts
from imagewire_server.core.access.estimate import dearest
from imagewire_server.core.call import Call
from imagewire_server.core.interceptors import OnEnd
from imagewire_server.core.offload import run_for_call
from imagewire_server.core.pricing import NANO
from imagewire_server.core.router import Router

_SOON = 1.0  # seconds until one of the running calls may have ended
_SETTLED = 5.0  # seconds until the drawing of one of them may have
_REQUESTS, _PICTURES = "requests", "pictures"


class Budget(NamedTuple):
    """Today's, in billionths of a dollar. most: of it here, in this process or in all that share it.

    spent, reserved, until_next: see Spent.
    """

    most: int
    spent: int
    reserved: int
    until_next: float


class Quotas:
    """An interceptor, behind access: it counts calls and requests before their body is read. `reserve` counts what is
    drawn. counts: where.
    """

    def __init__(self, counts: Counts | None = None) -> None:
        self._counts: Counts = counts or LocalCounts()

    async def intercept(self, call: Call) -> OnEnd | None:
        """Count a call. Raises CallerLimited where its caller has too many."""
        policy = call.caller.policy
        if policy is None or call.permission is Permission.NONE:
            return None
        name, ident = call.caller.limited_as, secrets.token_hex(8)

        def leave() -> None:
            self._counts.leave(name, ident)

        at_once, requests = policy.calls_at_once, policy.requests_per_minute
        if at_once is not None:
            _check_entered(await self._counts.enter(name, at_once, ident), at_once)
        try:
            if requests is not None:
                _check_wait((await self._counts.admit(name, _REQUESTS, requests, ident)).wait, f"{requests} requests")
        except BaseException:
            if at_once is not None:
                leave()
            raise
        return leave if at_once is not None else None

    async def reserve(
        self, spec: pb.Spec, call: Call, router: Router, fallbacks: Sequence[str] | None
    ) -> "Reservation | None":
        """Count a drawing that is about to begin, and reserve what it may cost; None where neither is limited.

        Raises CallerLimited, BudgetExhausted, BudgetTooSmall, BudgetUnavailable, PriceUnknown, and NotFound for the
        model.
        """
        policy = call.caller.policy
        if policy is None or (policy.pictures_per_minute is None and policy.usd_per_day is None):
            return None
        made = Reservation(self._counts, policy, call)
        try:
            if policy.usd_per_day is not None:
                await made.reserve_cost(await _cost(policy, spec, call, router, fallbacks))
            if policy.pictures_per_minute is not None:
                await made.admit(policy.pictures_per_minute)
        except BaseException:
            made.give_back()
            raise
        return made

    async def budgets(self, policies: Sequence[Policy]) -> "list[Budget]":
        """Today's budgets of these policies, each of which has one of its own. Raises CountsDown."""
        spent = await self._counts.spent([policy.name for policy in policies]) if policies else []
        return [
            Budget(self._counts.most(nano(policy.usd_per_day or 0.0)), *used)
            for policy, used in zip(policies, spent, strict=True)
        ]

    async def aclose(self) -> None:
        """Write what is not written yet, within a moment."""
        await self._counts.aclose()


class Reservation:
    """What is counted of one drawing before it begins, until it is settled. call: the drawing's."""

    def __init__(self, counts: Counts, policy: Policy, call: Call) -> None:
        self.ident = secrets.token_hex(8)
        self._counts = counts
        self._policy = policy
        self._name = call.caller.limited_as
        self._call = call
        self._nano_usd = 0
        self._day: int | None = None
        self._admitted = False

    async def reserve_cost(self, nano_usd: int) -> None:
        """Reserve it of today's budget. Raises BudgetExhausted, BudgetTooSmall and BudgetUnavailable."""
        usd, budget = f"{nano_usd / NANO:.4f} USD", nano(self._policy.usd_per_day or 0.0)
        most = self._counts.most(budget)
        if nano_usd > most:
            share = "" if most == budget else f", {most / NANO:g} of them here, in one of several processes"
            raise BudgetTooSmall(
                f"this call may cost {usd}, and this caller may spend {self._policy.usd_per_day:g} USD a day{share};"
                " nothing was sent, and later it is the same: ask for a smaller picture, or another model; operators:"
                " raise usd_per_day of the caller"
            )
        try:
            ok, day, until_next, settling = await self._counts.reserve(self._name, budget, nano_usd, self.ident)
        except CountsDown as error:
            raise BudgetUnavailable(
                "what is left of this caller's budget cannot be known now, so nothing is drawn; nothing was sent: try"
                " again in a moment",
                retry_after=_SOON,
            ) from error
        if not ok:
            may = f"this caller may spend {self._policy.usd_per_day:g} USD a day"
            words = f"{may}, and {usd}, which this call may cost, are not left"
            if settling:
                raise BudgetExhausted(
                    f"{words} while running calls have reserved what they may cost; nothing was sent: try again when"
                    " they have ended",
                    retry_after=min(_SETTLED, until_next),
                )
            raise BudgetExhausted(
                f"{words}; nothing was sent: try again tomorrow (UTC), or ask for less", retry_after=until_next
            )
        self._nano_usd, self._day = nano_usd, day

    async def admit(self, limit: int) -> None:
        """Count one picture of this minute's. Raises CallerLimited."""
        _check_wait((await self._counts.admit(self._name, _PICTURES, limit, self.ident)).wait, f"{limit} pictures")
        self._admitted = True

    def give_back(self) -> None:
        """Nothing was drawn."""
        self._settle_cost(0)
        if self._admitted:
            self._counts.give_back(self._name, _PICTURES, self.ident)

    def settle(self) -> None:
        """The drawing has ended, in whatever way: count what it was. What may have been charged, and nobody can tell
        how much, counts as it was reserved.
        """
        call = self._call
        if call.charged == "no":
            self.give_back()
            return
        self._settle_cost(self._nano_usd if call.cost_nano_usd is None else call.cost_nano_usd)
        if self._admitted:
            for number in range(1, call.pictures):
                self._counts.add(self._name, _PICTURES, f"{self.ident}-{number}")

    def _settle_cost(self, nano_usd: int) -> None:
        if self._day is not None:
            self._counts.settle(self._name, self._day, self.ident, nano_usd)


def _check_entered(entered: bool, at_once: int) -> None:
    if not entered:
        raise CallerLimited(
            f"this caller may have {at_once} calls at once, and has them: end one, or try again in a second",
            retry_after=_SOON,
        )


def _check_wait(wait: float, what: str) -> None:
    if wait:
        raise CallerLimited(
            f"this caller may have {what} a minute, and had them: try again in {wait:.1f} s", retry_after=wait
        )


async def _cost(policy: Policy, spec: pb.Spec, call: Call, router: Router, fallbacks: Sequence[str] | None) -> int:
    if policy.usd_per_call is not None:
        return nano(policy.usd_per_call)
    cost = await run_for_call(call, dearest, spec, router, fallbacks, call.cleared)
    if cost is None:
        raise PriceUnknown(
            f"this caller has a budget, and nobody can tell what {spec.model!r} may cost for this request; nothing was"
            " sent: choose another model, or leave out media, cached content and service_tier; operators: set"
            " usd_per_call of the caller, or the price of the model"
        )
    return cost
