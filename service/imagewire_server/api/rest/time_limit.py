"""The caller's own time limit for a call: LiteLLM's `timeout` of the body, and headers, also those of a proxy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from imagewire_server.contract.errors import DeadlineExceeded, InvalidRequest, Violation
from imagewire_server.core.call import Call
from imagewire_server.formats.openai.common import timeout

# Seconds. The first that is given holds, and comes before the body's, as in LiteLLM.
_HEADERS = ("x-litellm-timeout", "x-request-timeout")
# Milliseconds after which Envoy gives up. It is no wish of the caller's, so it only shortens what they ask for.
_ENVOY = "x-envoy-expected-rq-timeout-ms"


def set_deadline(call: Call, seconds: float | None, *, more: tuple[str, ...] = ()) -> None:
    """Set the deadline of a call. seconds: those of the body; a header comes first. more: headers, behind the usual.

    Raises InvalidRequest, with the header's name.
    """
    name = next((name for name in (*_HEADERS, *more) if call.header(name)), "")
    if name:
        seconds = _read(call, name, timeout.WORDS)
    if call.header(_ENVOY):
        most = _read(call, _ENVOY, "must be a number of milliseconds above 0, for example 60000") / 1000
        seconds = most if seconds is None else min(seconds, most)
    if seconds is not None:
        call.deadline = asyncio.get_running_loop().time() + seconds


def _read(call: Call, name: str, words: str) -> float:
    try:
        return timeout.seconds(call.header(name))
    except ValueError:
        raise InvalidRequest([Violation(name, words)]) from None


@asynccontextmanager
async def before_drawing(call: Call) -> AsyncIterator[None]:
    """Raise DeadlineExceeded if the deadline passes inside, where nothing is charged."""
    try:
        async with asyncio.timeout_at(call.deadline):
            yield
    except TimeoutError:
        raise DeadlineExceeded.for_free() from None
