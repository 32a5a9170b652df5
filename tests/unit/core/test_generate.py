"""What a call cost stands in its record, however it ended."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from imagewire_server.config.routing import Routing
from imagewire_server.contract import pb
from imagewire_server.contract.errors import (
    Cut,
    DeadlineExceeded,
    Error,
    InvalidRequest,
    Malformed,
    Overloaded,
    TimedOut,
    TooLarge,
    Unreachable,
    Violation,
)
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.contract.provider import Report
from imagewire_server.core.call import Call
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.generate import Engine
from imagewire_server.core.router import Router, Upstream
from imagewire_server.providers.google.capabilities import models
from tests.conftest import spec
from tests.deployments import google

MODEL = "gemini-2.5-flash-image"
# 10 tokens of prompt, 5 of text, one picture: 10 x 0.30 + 5 x 2.50 + 1290 x 30 dollars a million.
COST = 38_715_500


def counts(*, pictures: int = 1, text: int = 5, prompt: int = 10, listed: bool = True) -> pb.Usage:
    images = 1290 * pictures
    details = [pb.ModalityTokens(modality="IMAGE", tokens=images)] if images else []
    details.append(pb.ModalityTokens(modality="TEXT", tokens=text))
    return pb.Usage(
        prompt_tokens=prompt,
        candidates_tokens=images + text,
        total_tokens=prompt + images + text,
        candidates_tokens_details=details if listed else [],
    )


TEXT: list[StreamEvent] = [pb.Event(text_delta=pb.TextDelta(text="Here you are"))]
BEGUN: list[StreamEvent] = [
    pb.Event(part_started=pb.PartStarted(part_index=1, kind=pb.PartKind.PART_KIND_IMAGE)),
    Chunk("image_chunk", 0, 1, 0, b"x"),
]
WHOLE: list[StreamEvent] = [
    pb.Event(part_finished=pb.PartFinished(part_index=1, image=pb.Image(mime_type="image/png", size_bytes=1)))
]
BLOCKED = pb.PromptFeedback(block_reason="SAFETY")


def end(usage: pb.Usage | None = None, **fields: Any) -> list[StreamEvent]:
    return [pb.Event(finished=pb.Finished(usage=usage, **fields))]


@dataclass
class Said:
    """What the provider has told so far."""

    usage: pb.Usage | None = None
    finished: bool = False


Step = list[StreamEvent] | Said | Exception | Callable[[Report], None] | None
SENT: Step = lambda report: setattr(report, "sent", True)  # noqa: E731


class Scripted:
    """A provider that does what it is told; None: it stays silent."""

    name = "gemini"
    models = models("gemini")

    def __init__(self, *calls: list[Step]) -> None:
        self.calls = list(calls)

    async def generate(
        self, spec: pb.Spec, native_id: str, *, stream: bool, report: Report
    ) -> AsyncGenerator[list[StreamEvent], None]:
        for step in self.calls.pop(0):
            match step:
                case None:
                    await asyncio.Event().wait()
                case Exception():
                    raise step
                case Said():
                    report.answer = step
                case list():
                    copied = [copy(event) for event in step]
                    yield copied
                case _:
                    step(report)


def copy(event: StreamEvent) -> StreamEvent:
    if isinstance(event, Chunk):
        return replace(event)
    made = pb.Event()
    made.CopyFrom(event)
    return made


def engine(*providers: Scripted, places: int = 9, **routing: Any) -> Engine:
    upstreams = [
        Upstream(google(f"d{number}", f"n{number}", "gemini", MODEL), provider)
        for number, provider in enumerate(providers)
    ]
    return Engine(Router(upstreams, Routing(**routing)), Admission(places))


async def drawn(
    made: Engine, *, most: int = 99, deadline: float | None = None, **asked: Any
) -> tuple[Call, Error | None]:
    """The record of a call to n0, given up after so many lists of events, and the error that it ended with."""
    call, error = Call(), None
    try:
        async with made.start(spec("n0", **asked), stream=True, deadline=deadline, call=call).attach(
            hashes=False
        ) as answer:
            seen = 0
            while seen < most and await anext(answer, None) is not None:
                seen += 1
    except Error as failed:
        error = failed
    return call, error


FULL = Said(counts())
ROWS: list[tuple[str, list[Step], int, str, int | None]] = [
    ("whole", [SENT, FULL, TEXT, BEGUN, WHOLE, end(counts())], 99, "yes", COST),
    ("whole, nothing listed", [SENT, FULL, TEXT, BEGUN, WHOLE, end(counts(listed=False))], 99, "yes", COST),
    ("whole, no usage", [SENT, Said(), TEXT, BEGUN, WHOLE, end()], 99, "maybe", None),
    ("given up before it was sent", [None], 0, "no", None),
    ("given up after the counts", [SENT, FULL, TEXT, BEGUN, WHOLE], 3, "yes", COST),
    ("given up in the middle of a picture that is counted", [SENT, FULL, TEXT, BEGUN, WHOLE], 2, "yes", COST),
    ("given up before the counts", [SENT, Said(), TEXT, BEGUN, WHOLE], 2, "maybe", None),
    ("given up, only the prompt counted", [SENT, Said(counts(pictures=0, text=0)), TEXT, BEGUN], 2, "maybe", None),
    ("given up after a finish reason", [SENT, Said(counts(listed=False), finished=True), TEXT, BEGUN], 2, "yes", COST),
    ("text, given up after a finish reason", [SENT, Said(counts(pictures=0), finished=True), TEXT], 1, "yes", 15_500),
    ("cut", [SENT, FULL, TEXT, BEGUN, Cut("x")], 99, "yes", COST),
    ("cut before the counts", [SENT, Said(), TEXT, BEGUN, Cut("x")], 99, "maybe", None),
    ("malformed", [SENT, FULL, TEXT, BEGUN, WHOLE, Malformed("x")], 99, "yes", COST),
    ("too large", [SENT, Said(), TEXT, BEGUN, TooLarge("x")], 99, "maybe", None),
    ("silence", [SENT, TimedOut("x")], 99, "maybe", None),
    ("unreachable", [SENT, Unreachable("x")], 99, "no", None),
    ("refused here", [InvalidRequest([Violation("spec", "x")])], 99, "no", None),
]


@pytest.mark.parametrize(("steps", "most", "charged", "cost"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
async def test_m_the_cost_of_a_call_is_told_however_it_ends(
    steps: list[Step], most: int, charged: str, cost: int | None
) -> None:
    # The list that begins an answer counts, so one more is read than is given up after.
    call, _ = await drawn(engine(Scripted(steps), num_retries=0), most=most)
    assert (call.charged, call.cost_nano_usd) == (charged, cost)
    assert call.fields()["charged"] == charged
    assert call.cost_usd == (None if cost is None else cost / 10**9)


async def test_m_a_deadline_is_charged_only_where_something_was_sent() -> None:
    soon = asyncio.get_running_loop().time()
    call, error = await drawn(engine(Scripted([None])), deadline=soon)
    assert isinstance(error, DeadlineExceeded)
    assert (error.charged, call.charged) == (False, "no")
    assert "nothing was charged" in error.message
    call, error = await drawn(engine(Scripted([SENT, FULL, TEXT, BEGUN, None])), deadline=soon)
    assert isinstance(error, DeadlineExceeded)
    assert (error.charged, call.charged, call.cost_nano_usd) == (True, "yes", COST)


async def test_m_a_cancelled_call_is_told() -> None:
    call, begun = Call(), asyncio.Event()
    made = engine(Scripted([SENT, FULL, TEXT, BEGUN, lambda _: begun.set(), None]))

    async def reading() -> None:
        async with made.start(spec("n0"), stream=True, deadline=None, call=call).attach(hashes=False) as answer:
            async for _ in answer:
                pass

    task = asyncio.create_task(reading())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (call.charged, call.cost_nano_usd) == ("yes", COST)


async def test_m_what_was_repeated_for_free_costs_nothing() -> None:
    whole: list[Step] = [SENT, FULL, TEXT, BEGUN, WHOLE, end(counts())]
    call, _ = await drawn(engine(Scripted([SENT, Unreachable("x")], whole)))
    assert (call.charged, call.cost_nano_usd, len(call.tried)) == ("yes", COST, 2)


async def test_m_a_blocked_prompt_and_what_stood_in_for_it_are_added_up() -> None:
    blocked: list[Step] = [SENT, Said(), end(counts(pictures=0, text=0), prompt_feedback=BLOCKED)]
    whole: list[Step] = [SENT, FULL, TEXT, BEGUN, WHOLE, end(counts())]
    routing = {"content_policy_fallbacks": (("n0", ("n1",)),), "num_retries": 0}
    call, _ = await drawn(engine(Scripted(blocked), Scripted(whole), **routing))
    assert (call.charged, call.cost_nano_usd) == ("yes", COST + 3000)
    call, _ = await drawn(engine(Scripted(blocked), Scripted([SENT, Unreachable("x")]), **routing))
    assert (call.charged, call.cost_nano_usd, call.finish_reason) == ("yes", 3000, "SAFETY")
    call, _ = await drawn(engine(Scripted(blocked), Scripted([SENT, Cut("x")]), **routing))
    assert (call.charged, call.cost_nano_usd) == ("yes", None)


async def test_a_call_that_found_no_place_costs_nothing() -> None:
    call, error = await drawn(engine(Scripted(), places=0))
    assert (type(error), call.charged, call.cost_nano_usd) == (Overloaded, "no", None)


async def test_u7_the_asked_tier_and_size_price_a_call() -> None:
    whole: list[Step] = [SENT, FULL, TEXT, BEGUN, WHOLE, end(counts(listed=False))]
    call, _ = await drawn(engine(Scripted(whole)), service_tier="flex")
    assert call.cost_nano_usd == COST // 2
    call, _ = await drawn(engine(Scripted(whole)), service_tier="priority")
    assert (call.charged, call.cost_nano_usd) == ("yes", None)
