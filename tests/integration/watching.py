"""An interceptor that notes calls, and calls for it to note."""

import asyncio
from collections.abc import Callable
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.core.access.caller import Caller, Permission
from imagewire_server.core.call import Call
from tests.conftest import Stack, spec

KEY = "sk-master"

METADATA = (("authorization", f"Bearer {KEY}"), ("traceparent", "00-a-b-01"))

HEADERS = dict(METADATA)

STREAM = "/imagewire.v1.ChatService/StreamCompletion"

CHAT = "POST /v1/chat/completions"

JSON = {"content-type": "application/json"}


class Watching:
    """Notes each call's beginning and its end. refuse: raise this for calls that draw."""

    def __init__(self, refuse: Callable[[], BaseException] | None = None, alias: Caller | None = None) -> None:
        self._refuse = refuse
        self._alias = alias
        self.begun: list[tuple[str, Caller]] = []
        self.ended: list[Call] = []
        self.some_ended = asyncio.Event()

    async def intercept(self, call: Call) -> Callable[[], None] | None:
        if call.permission is Permission.NONE:
            return None
        self.begun.append((call.method, call.caller))
        if self._alias is not None:
            call.caller = self._alias
        if self._refuse is not None:
            raise self._refuse()

        def end() -> None:
            self.ended.append(call)
            self.some_ended.set()

        return end


def request(model: str = "gemini/gemini-2.5-flash-image") -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "A banana"}]}


async def stream(
    stack: Stack, model: str = "gemini/gemini-2.5-flash-image", headers: dict[str, str] = HEADERS, **given: Any
) -> list[pb.Event]:
    call = stack.chat.StreamCompletion(
        pb.StreamCompletionRequest(spec=spec(model)), metadata=tuple(headers.items()), **given
    )
    return [event async for event in call]
