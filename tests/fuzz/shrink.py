"""Makes a failing plan smaller while it still fails in the same way."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

from tests.fuzz.plan import PartPlan, Plan


async def shrunk(plan: Plan, fails: Callable[[Plan], Awaitable[bool]], most: int = 300) -> Plan:
    """The smallest plan found within so many trials. fails: whether a plan fails as the first one does."""
    again = True
    while again and most > 0:
        again = False
        for smaller in _smaller(plan):
            most -= 1
            if most <= 0:
                break
            if await fails(smaller):
                plan, again = smaller, True
                break
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    parts = plan.parts
    if len(parts) > 3:
        yield replace(plan, parts=parts[: len(parts) // 2])
        yield replace(plan, parts=parts[len(parts) // 2 :])
    for at in range(len(parts)):
        yield replace(plan, parts=parts[:at] + parts[at + 1 :])
    for name in ("style", "frame", "quirks", "wire"):
        had = getattr(plan, name)
        if had:
            yield replace(plan, **{name: ()})
        if len(had) > 1:
            for at in range(len(had)):
                yield replace(plan, **{name: had[:at] + had[at + 1 :]})
    if plan.pieces != "whole":
        yield replace(plan, pieces="whole")
    if plan.label != "text/event-stream":
        yield replace(plan, label="text/event-stream")
    if plan.framing not in {"object", "sse"}:
        yield replace(plan, framing="sse", frame=())
    if plan.framing != "object":
        yield replace(plan, framing="object", frame=(), parts=tuple(replace(part, document=0) for part in parts))
    for at, part in enumerate(parts):
        for other in _smaller_parts(plan, at):
            yield replace(plan, parts=(*parts[:at], other, *parts[at + 1 :]))
        if part.document:
            yield replace(plan, parts=tuple(replace(one, document=min(one.document, at)) for one in parts))


def _smaller_parts(plan: Plan, at: int) -> Iterator[PartPlan]:
    part = plan.parts[at]
    if len(part.quirks) > 1:
        yield replace(part, quirks=())
    for i in range(len(part.quirks)):
        yield replace(part, quirks=part.quirks[:i] + part.quirks[i + 1 :])
    if part.size > 70:
        yield replace(part, size=70)
    if part.candidate:
        yield replace(part, candidate=0)
