"""What is remembered of calls that ended: as much as the log says, of so many."""

import sys
from typing import Any

import pytest

from imagewire_server.core.access.caller import Caller
from imagewire_server.core.call import Call
from imagewire_server.core.overview.last_calls import MOST, LastCalls
from imagewire_server.core.settle import settle

SECRETS = [("authorization", "Bearer sk-planted"), ("x-prompt", "planted prompt")]


def call(ident: str = "id", **fields: Any) -> Call:
    made = Call(ident, "/imagewire.v1.ChatService/StreamCompletion", SECRETS)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


async def ended(last: LastCalls, *calls: Call, **outcome: str | int) -> None:
    for one in calls:
        on_end = await last.intercept(one)
        if on_end is not None:
            one.on_end.append(on_end)
        settle(one, **(outcome or {"code": "OK"}))


async def test_a_call_is_shown_as_it_was_at_its_end() -> None:
    last = LastCalls(now=lambda: 1769860800.0)
    one = call(
        caller=Caller("team"),
        model="gemini/m",
        deployment="d2",
        tried=[("d1", "UPSTREAM_UNAVAILABLE"), ("d2", "OK")],
        pictures=2,
        image_bytes=1234,
        tokens=1300,
        first_image_byte=0.123456,
        charged="yes",
        cost_nano_usd=39_000_000,
    )
    await ended(last, one)
    (shown,) = (found.shown() for found in last.read())
    assert shown.pop("seconds") >= 0
    assert shown == {
        "time": "2026-01-31T12:00:00.000Z",
        "request_id": "id",
        "caller": "team",
        "method": "/imagewire.v1.ChatService/StreamCompletion",
        "model": "gemini/m",
        "deployment": "d2",
        "status": "OK",
        "reason": "OK",
        "first_image_byte_seconds": 0.1235,
        "attempts": [
            {"deployment": "d1", "reason": "UPSTREAM_UNAVAILABLE"},
            {"deployment": "d2", "reason": "OK"},
        ],
        "pictures": 2,
        "image_bytes": 1234,
        "tokens": 1300,
        "charged": "yes",
        "usd": 0.039,
    }
    assert "planted" not in repr(last.read())


async def test_a_refused_call_has_its_reason_and_nothing_else() -> None:
    last = LastCalls()
    await ended(last, call(code="KEY_INVALID"), status=401)
    (shown,) = (found.shown() for found in last.read())
    told = ("status", "reason", "attempts", "usd", "charged", "first_image_byte_seconds", "caller")
    assert [shown[name] for name in told] == ["401", "KEY_INVALID", [], None, "no", None, "anonymous"]


async def test_what_goes_on_behind_its_call_may_be_charged() -> None:
    last = LastCalls()
    await ended(last, call(is_asking=True), call(is_asking=True, charged="yes"))
    assert [found.charged for found in last.read()] == ["yes", "maybe"]


async def test_only_the_last_are_remembered_the_newest_first_and_housekeeping_is_not() -> None:
    last = LastCalls()
    await ended(last, *(call(str(number)) for number in range(MOST + 20)))
    await ended(last, call("quiet", quiet=True))
    assert [found.request_id for found in last.read()] == [str(number) for number in range(MOST + 19, 19, -1)]
    few = LastCalls(2)
    await ended(few, call("a"), call("b"), call("c"))
    assert [found.request_id for found in few.read()] == ["c", "b"]


async def test_nothing_large_is_held() -> None:
    last = LastCalls()
    held = call(model="m" * 1_000_000)
    await ended(last, held)
    (found,) = last.read()
    assert sys.getsizeof(found.model) < 1000
    assert not any(part is held.headers or part is held for part in found)


@pytest.mark.parametrize(
    ("tried", "code", "failures"),
    [
        ([], "KEY_INVALID", []),
        ([("a", "OK")], "OK", []),
        ([("a", "ABANDONED")], "CANCELLED", []),
        ([("a", "OK")], "CANCELLED", []),
        ([("a", "UPSTREAM_RATE_LIMITED"), ("b", "OK")], "OK", [("a", "UPSTREAM_RATE_LIMITED")]),
        ([("a", "UPSTREAM_CUT"), ("b", "OK")], "UPSTREAM_CUT", [("a", "UPSTREAM_CUT"), ("b", "UPSTREAM_CUT")]),
    ],
)
async def test_which_upstream_calls_failed(
    tried: list[tuple[str, str]], code: str, failures: list[tuple[str, str]]
) -> None:
    last = LastCalls()
    await ended(last, call(tried=tried, code=code, deployment=tried[-1][0] if tried else ""))
    assert last.read()[0].failures() == failures
