"""Which of a caller's time limits holds, and the errors of what is none."""

import asyncio

import pytest

from imagewire_server.api.rest.time_limit import set_deadline
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.core.call import Call

LITELLM, USUAL, ENVOY = "x-litellm-timeout", "x-request-timeout", "x-envoy-expected-rq-timeout-ms"
ROWS: list[tuple[str, dict[str, str], float | None, float | None]] = [
    ("none", {}, None, None),
    ("of the body", {}, 60, 60),
    ("LiteLLM's before the body's", {LITELLM: "5"}, 60, 5),
    ("the usual one before the body's", {USUAL: "5.5"}, 60, 5.5),
    ("LiteLLM's before the usual one", {LITELLM: "5", USUAL: "7"}, None, 5),
    ("Envoy's", {ENVOY: "15000"}, None, 15),
    ("Envoy's, which is sooner", {ENVOY: "15000"}, 60, 15),
    ("Envoy's, which is later", {ENVOY: "15000", USUAL: "5"}, 60, 5),
]


@pytest.mark.parametrize(("headers", "seconds", "expected"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
async def test_which_limit_holds(headers: dict[str, str], seconds: float | None, expected: float | None) -> None:
    call = Call(headers=[(name.encode(), value.encode()) for name, value in headers.items()])
    before = asyncio.get_running_loop().time()
    set_deadline(call, seconds)
    after = asyncio.get_running_loop().time()
    if expected is None:
        assert call.deadline is None
    else:
        assert call.deadline is not None
        assert before + expected <= call.deadline <= after + expected


@pytest.mark.parametrize("name", [LITELLM, USUAL, ENVOY])
@pytest.mark.parametrize("value", ["0", "-1", "soon", "inf", "nan", "5 s"])
async def test_what_is_no_limit_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidRequest, match=name):
        set_deadline(Call(headers=[(name.encode(), value.encode())]), None)


async def test_further_headers_come_behind_the_usual_ones() -> None:
    for headers, expected in (((USUAL, "5"), ("x-own", "9")), 5), ((("x-own", "9"),), 9):
        call = Call(headers=headers)
        before = asyncio.get_running_loop().time()
        set_deadline(call, None, more=("x-own",))
        assert call.deadline is not None
        assert before + expected <= call.deadline <= before + expected + 1
    plain = Call(headers=[("x-own", "9")])
    set_deadline(plain, None)
    assert plain.deadline is None
