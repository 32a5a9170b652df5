"""Who watches a call is told of each upstream call and how it ended; the provider is told of the trace, if wanted."""

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, Error, Unreachable
from imagewire_server.contract.provider import Report
from imagewire_server.core.accounting import Account
from imagewire_server.core.call import Call
from imagewire_server.core.router import Route
from imagewire_server.core.trace_context import TraceContext
from tests.conftest import spec
from tests.unit.core.scripted_providers import BEGUN, FULL, SENT, TEXT, WHOLE, Scripted, Step, counts, end, engine
from tests.unit.core.test_accounting import route

CALLERS = TraceContext("a" * 32, "b" * 16, sampled=True)
OWN = TraceContext("a" * 32, "c" * 16, sampled=True)


class _Watched:
    """Notes upstream calls."""

    trace = OWN

    def __init__(self) -> None:
        self.seen: list[str] = []

    def begin(self, call: Call, route: Route, spec: pb.Spec, report: Report) -> "_Watched":
        self.seen.append(f"{route.id} {spec.model}")
        return self

    def ended(self, error: Error | None, finished: pb.Finished | None) -> None:
        tokens = None if finished is None else finished.usage.total_tokens
        self.seen.append(f"{type(error).__name__ if error else None} {tokens}")


async def _seen(*calls: list[Step], most: int = 99) -> list[str]:
    call, watched = Call(), _Watched()
    call.attempts = watched
    made = engine(Scripted(*calls)).start(spec("n0"), stream=True, deadline=None, call=call)
    async with made.attach(hashes=False) as answer:
        read = 0
        try:
            while read < most and await anext(answer, None) is not None:
                read += 1
        except Error:
            watched.seen.append("raised")
    return watched.seen


async def test_each_upstream_call_is_told_once_with_its_end() -> None:
    whole: list[Step] = [SENT, FULL, TEXT, BEGUN, WHOLE, end(counts())]
    assert await _seen(whole) == ["d0 n0", "None 1305"]
    assert await _seen([SENT, Unreachable("x")], whole) == ["d0 n0", "Unreachable None", "d0 n0", "None 1305"]
    assert await _seen([SENT, FULL, TEXT, Cut("x")]) == ["d0 n0", "Cut None", "raised"]
    assert await _seen(whole, most=2) == ["d0 n0", "None None"]


def test_the_provider_is_told_of_the_trace_only_where_that_is_wanted() -> None:
    def headers(call: Call) -> tuple[tuple[str, str], ...]:
        return Account(call).begin(route(), spec("n")).headers

    assert headers(Call(trace=CALLERS)) == ()
    assert headers(Call(passed_on=[("x-request-id", "i")])) == (("x-request-id", "i"),)
    told = Call(trace=CALLERS, passed_on=[("x-request-id", "i")])
    assert headers(told) == (("x-request-id", "i"), ("traceparent", CALLERS.traceparent))
    told.attempts = _Watched()
    assert headers(told) == (("x-request-id", "i"), ("traceparent", OWN.traceparent))
