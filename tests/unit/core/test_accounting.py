"""What a call cost stands in its record, however it ended."""

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import (
    Cut,
    InvalidRequest,
    Malformed,
    TimedOut,
    TooLarge,
    Unreachable,
    Violation,
)
from imagewire_server.contract.provider import Capabilities, ImagePrice
from imagewire_server.core.accounting import Account
from imagewire_server.core.call import Call
from imagewire_server.core.circuit import Circuit
from imagewire_server.core.router import Route, Upstream
from tests.conftest import spec
from tests.deployments import google
from tests.unit.core.scripted_providers import (
    BEGUN,
    BLOCKED,
    COST,
    FULL,
    MODEL,
    SENT,
    TEXT,
    WHOLE,
    Said,
    Scripted,
    Step,
    counts,
    drawn,
    end,
    engine,
)

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


async def test_u7_the_asked_tier_and_size_price_a_call() -> None:
    whole: list[Step] = [SENT, FULL, TEXT, BEGUN, WHOLE, end(counts(listed=False))]
    call, _ = await drawn(engine(Scripted(whole)), service_tier="flex")
    assert call.cost_nano_usd == COST // 2
    call, _ = await drawn(engine(Scripted(whole)), service_tier="priority")
    assert (call.charged, call.cost_nano_usd) == ("yes", None)


def route(model: str = MODEL, capabilities: Capabilities | None = None) -> Route:
    upstream = Upstream(google("d", "n", "gemini", model), Scripted())
    return Route(upstream, model, capabilities or Scripted.models.find(model), Circuit())


def test_a_call_is_free_until_something_was_sent() -> None:
    call = Call()
    account = Account(call)
    assert account.is_free
    report = account.begin(route(), spec("n"))
    assert account.is_free
    report.sent = True
    assert not account.is_free
    account.end(Unreachable("nothing was charged"))
    assert account.is_free
    account.end()  # it is over already
    account.begin(route(), spec("n")).sent = True
    account.end()
    assert not account.is_free
    assert (call.charged, call.cost_nano_usd) == ("maybe", None)


def test_the_cost_stands_in_the_last_event() -> None:
    call = Call()
    account = Account(call)
    account.begin(route(), spec("n")).sent = True
    for kind, event in (
        ("text_delta", pb.Event(text_delta=pb.TextDelta(text="Hé"))),
        ("part_started", pb.Event(part_started=pb.PartStarted(kind="PART_KIND_IMAGE"))),
        ("part_finished", pb.Event(part_finished=pb.PartFinished(image=pb.Image(size_bytes=1)))),
        (None, pb.Event()),
    ):
        account.note(event, kind)
    last = pb.Event(finished=pb.Finished(usage=counts()))
    account.note(last, "finished")
    assert (last.finished.usage.cost_nano_usd, last.finished.usage.cost_usd) == (COST, COST / 10**9)
    assert (call.charged, call.cost_nano_usd) == ("yes", COST)
    account.note(last, "finished")  # one that is told a second time costs nothing more
    assert call.cost_nano_usd == COST


@pytest.mark.parametrize(
    ("usage", "charged"), [(None, "maybe"), (pb.Usage(total_tokens=3), "yes")], ids=["no usage", "usage"]
)
def test_a_model_without_a_price_has_no_cost(usage: pb.Usage | None, charged: str) -> None:
    call = Call()
    account = Account(call)
    account.begin(route("a-model-of-next-year"), spec("n")).sent = True
    last = pb.Event(finished=pb.Finished(usage=usage))
    account.note(last, "finished")
    assert not last.finished.usage.HasField("cost_nano_usd")
    assert (call.charged, call.cost_nano_usd) == (charged, None)


@pytest.mark.parametrize(
    ("part", "count"),
    [
        (pb.PartFinished(image=pb.Image(), thought=True), (0, 1, 0)),
        (pb.PartFinished(image=pb.Image()), (1, 0, 0)),
        (pb.PartFinished(media=pb.Media()), (0, 0, 1)),
        (pb.PartFinished(native=pb.NativePart(kind="k")), (0, 0, 0)),
        (pb.PartFinished(), (0, 0, 0)),
    ],
)
def test_parts_are_counted_by_what_they_are(part: pb.PartFinished, count: tuple[int, int, int]) -> None:
    toy = Capabilities("m", price=ImagePrice(by_size={"1K": 0.5}), default_image_size="1K")
    call = Call()
    account = Account(call)
    account.begin(route("m", toy), spec("n")).sent = True
    account.note(pb.Event(part_finished=part), "part_finished")
    account.note(pb.Event(finished=pb.Finished()), "finished")
    pictures, drafts, media = count
    # Nobody knows what a draft or other media cost.
    cost = None if drafts or media else pictures * 500_000_000
    assert (call.charged, call.cost_nano_usd) == ("maybe" if cost is None else "yes", cost)
