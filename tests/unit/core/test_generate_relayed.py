"""Of a request in a provider's own format, the bytes of the call that answered go out."""

from typing import Any

from imagewire_server.contract.errors import Unreachable
from tests.unit.core.relaying_providers import WHOLE, Relaying, relayed
from tests.unit.core.scripted_providers import BLOCKED, SENT, Step, counts, end, engine


async def test_the_bytes_are_those_of_the_call_that_answered() -> None:
    provider = Relaying([SENT, Unreachable("x")], WHOLE)
    call, found = await relayed(engine(provider, num_retries=1))
    assert found == b"of call 2"
    assert [reason for _, reason in call.tried] == ["UPSTREAM_UNREACHABLE", "OK"]
    assert provider.relayed == [(b"{ }", "gemini-2.5-flash-image")] * 2
    assert call.charged == "yes"


async def test_the_bytes_of_a_blocked_prompt_where_nobody_else_answers() -> None:
    blocked: list[Step] = [SENT, end(counts(pictures=0, text=0), prompt_feedback=BLOCKED)]
    first, second = Relaying(blocked), Relaying([SENT, Unreachable("x")])
    routing: Any = {"content_policy_fallbacks": (("n0", ("n1",)),), "num_retries": 0}
    call, found = await relayed(engine(first, second, **routing))
    assert found == b"of call 1"
    assert call.finish_reason == "SAFETY"
    assert call.fallbacks == ["n1"]
