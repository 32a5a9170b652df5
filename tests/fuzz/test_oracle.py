"""google-genai as an oracle: the same bodies through its client and through our reader.

Where the two differ, a row says why ours is right. A row that no longer differs fails: take it out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from tests.effort import times
from tests.fuzz import oracle
from tests.fuzz.answer import Answer, build
from tests.fuzz.invent import invent
from tests.fuzz.judge import judge
from tests.fuzz.plan import PartPlan, Plan
from tests.fuzz.reading import read
from tests.fuzz.upstream import Upstream


@dataclass(frozen=True)
class Row:
    """A plan that the two read differently. theirs: a piece of what Google's client does; why: ours is right."""

    plan: Plan
    theirs: str
    why: str


def _object(seed: str, *quirks: str, parts: tuple[PartPlan, ...] = ()) -> Plan:
    return Plan(seed, parts, quirks=quirks, framing="object")


def _sse(seed: str, *frame: str, quirks: tuple[str, ...] = (), framing: str = "sse") -> Plan:
    parts = (PartPlan(0, "text"), PartPlan(1, "picture", 500, document=1))
    return Plan(seed, parts, quirks=quirks, framing=framing, frame=frame)


def _part(kind: str, *quirks: str) -> tuple[PartPlan, ...]:
    return (PartPlan(0, kind, 500, quirks),)


_CRASH = "theirs: "
_SSE = "the standard of server-sent events"
_PAID = "the picture beside it was paid for"
# By the feature of a plan that makes the difference.
ROWS = {
    "framing array": Row(_sse("1", framing="array"), _CRASH, "proxies answer so when they drop alt=sse"),
    "framing concatenated": Row(_sse("1", framing="concatenated"), _CRASH, "each document is whole"),
    "framing array-in-sse": Row(_sse("1", framing="array-in-sse"), "parts", "relays put the array in one event"),
    "frame no-space": Row(_sse("1", "no-space"), _CRASH, f"{_SSE}: the space is optional"),
    "frame tail": Row(_sse("12", "tail"), _CRASH, f"{_SSE}: fields behind the last event say nothing"),
    "frame empty-events": Row(_sse("1", "empty-events"), _CRASH, f"{_SSE}: an event without data is none"),
    "frame bom": Row(_sse("1", "bom"), _CRASH, f"{_SSE}: a byte order mark is passed over"),
    "frame fields": Row(_sse("1", "fields"), _CRASH, f"{_SSE}: other fields are passed over"),
    "frame inner-fields": Row(_sse("1", "inner-fields"), _CRASH, f"{_SSE}: other fields are passed over"),
    "frame comments": Row(_sse("3", "comments"), _CRASH, f"{_SSE}: comments are passed over"),
    "frame inner-comments": Row(_sse("1", "inner-comments"), _CRASH, f"{_SSE}: comments are passed over"),
    "frame leading-blanks": Row(
        _sse("1", "leading-blanks", framing="ndjson"), _CRASH, "JSON: blanks may stand in front of a value"
    ),
    "frame done": Row(_sse("1", "done"), _CRASH, "OpenAI's last sign, which relays add"),
    "document snake": Row(_object("576", "snake"), "finish", "proto3 JSON: the names of the proto are read too"),
    "document finish-unspecified": Row(
        _sse("1", quirks=("finish-unspecified",)), "theirs: OK", "a stream that gives no reason has not ended"
    ),
    "document index-odd": Row(_object("1", "index-odd", parts=_part("picture")), _CRASH, _PAID),
    "document finish-unspecified-first": Row(
        _sse("1809", quirks=("finish-unspecified-first",)), _CRASH, "proto3 JSON: an enum's number is read too"
    ),
    "document finish-number": Row(_sse("214", quirks=("finish-number",)), _CRASH, "proto3 JSON: so are numbers"),
    "document model-status": Row(_object("2", "model-status"), _CRASH, _PAID),
    "document usage-odd": Row(_object("0", "usage-odd"), _CRASH, _PAID),
    "document usage-details": Row(_object("269", "usage-details"), _CRASH, _PAID),
    "document groundingMetadata": Row(_object("209", "groundingMetadata"), _CRASH, _PAID),
    "document ratings": Row(_object("798", "ratings"), _CRASH, _PAID),
    "document no-role": Row(_object("1273", "no-role", parts=_part("picture")), _CRASH, _PAID),
    "document single-objects": Row(_object("28", "single-objects", parts=_part("picture")), _CRASH, _PAID),
    "document nulls-in-lists": Row(_object("1", "nulls-in-lists", parts=_part("picture")), _CRASH, _PAID),
    "document unknown-top-deepest": Row(_object("393", "unknown-top-deepest"), _CRASH, _PAID),
    "document unknown-candidate-deepest": Row(_object("1394", "unknown-candidate-deepest"), _CRASH, _PAID),
    "part unknown-deepest": Row(_object("268", parts=_part("text", "unknown-deepest")), _CRASH, _PAID),
    "part nothing": Row(_object("10", parts=_part("nothing")), _CRASH, "null is no part"),
    "part bad-signature": Row(_object("96", parts=_part("picture", "bad-signature", "signed")), _CRASH, _PAID),
    "part odd-thought": Row(_object("7", parts=_part("picture", "odd-thought")), _CRASH, _PAID),
    "part text-beside": Row(_object("112", parts=_part("picture", "text-beside")), "parts", "both were sent"),
    "part call-beside": Row(_object("136", parts=_part("picture", "call-beside")), "parts", "both were sent"),
    "part both-alphabets": Row(
        _object("5", parts=_part("picture", "both-alphabets")), _CRASH, "proto3 JSON: each sign is of one of the two"
    ),
    "part invented": Row(_object("2374", parts=_part("native", "invented")), "parts", "it can go back as it came"),
}  # fmt: skip


def features(plan: Plan) -> set[str]:
    """What rows speak of."""
    found = {f"framing {plan.framing}", *(f"frame {name}" for name in plan.frame)}
    found |= {f"document {name}" for name in plan.quirks}
    for part in plan.parts:
        found |= {f"part {part.kind}", *(f"part {name}" for name in part.quirks)}
    return found


class Compared:
    """Bodies through both."""

    def __init__(self, upstream: Upstream, google: oracle.genai.Client) -> None:
        self._upstream = upstream
        self._google = google

    async def differences(self, answer: Answer) -> list[str]:
        """Where the two differ."""
        # What its HTTP client does with gzip and labels is not its reader's.
        self._upstream.answers["compared"] = replace(answer, plan=replace(answer.plan, wire=()))
        stream = answer.plan.framing != "object"
        theirs = await asyncio.to_thread(oracle.read, self._google, "compared", stream=stream)
        return oracle.differences(read(answer), theirs)


@asynccontextmanager
async def comparing() -> AsyncIterator[Compared]:
    """With an upstream of ours and Google's client."""
    async with Upstream().running() as upstream:
        with oracle.client(upstream.url) as google:
            yield Compared(upstream, google)


@pytest.mark.parametrize("name", ROWS)
async def test_a_row_differs_and_ours_is_right(name: str) -> None:
    row = ROWS[name]
    answer = build(row.plan)
    assert name in features(row.plan)
    async with comparing() as compared:
        found = await compared.differences(answer)
    assert found, "it no longer differs: take the row out"
    assert row.theirs in found[0]
    assert judge(answer.truth, read(answer)) == [], row.why


async def test_invented_answers_are_read_as_googles_client_reads_them() -> None:
    same, differ = 0, {}
    async with comparing() as compared:
        for seed in range(times(3000)):
            plan = invent(seed)
            if plan.damage or len(plan.candidates) > 1 or features(plan) & ROWS.keys():
                continue
            same += 1
            if found := await compared.differences(build(plan)):
                differ[seed] = found
    assert same > times(500)
    assert differ == {}
