"""The caller's own time limit for a call: LiteLLM's `timeout` of the body, and its header."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from imagewire_server.contract.errors import DeadlineExceeded, InvalidRequest, Violation
from imagewire_server.core.call import Call
from imagewire_server.formats.openai.common import timeout

_HEADER = "x-litellm-timeout"


def set_deadline(call: Call, seconds: float | None) -> None:
    """Set the deadline of a call. seconds: those of the body; a header comes first, as in LiteLLM.

    Raises InvalidRequest, with the header's name.
    """
    if given := call.header(_HEADER):
        try:
            seconds = timeout.seconds(given)
        except ValueError:
            raise InvalidRequest([Violation(_HEADER, timeout.WORDS)]) from None
    if seconds is not None:
        call.deadline = asyncio.get_running_loop().time() + seconds


@asynccontextmanager
async def before_drawing(call: Call) -> AsyncIterator[None]:
    """Raise DeadlineExceeded if the deadline passes inside, where nothing is charged."""
    try:
        async with asyncio.timeout_at(call.deadline):
            yield
    except TimeoutError:
        raise DeadlineExceeded.for_free() from None
