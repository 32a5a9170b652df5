"""Interceptors whose calls are cancelled, whose client leaves, or whose server stops."""

import asyncio
from collections.abc import Callable

import grpc
import pytest

from imagewire_server.contract import pb
from imagewire_server.core.call import Call
from tests.conftest import running_stack, spec
from tests.integration.status import told
from tests.integration.watching import Watching, request, stream


class Waiting:
    """Never lets a call through."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def intercept(self, call: Call) -> None:
        self.begun.set()
        await asyncio.Event().wait()


async def test_a_call_that_is_cancelled_while_an_interceptor_waits_is_settled() -> None:
    watching, waiting = Watching(), Waiting()
    async with running_stack(interceptors=[watching, waiting]) as stack:
        call = stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec()))
        await waiting.begun.wait()
        call.cancel()
        await watching.some_ended.wait()
    assert [(call.code, call.tried) for call in watching.ended] == [("CANCELLED", [])]


async def test_a_rest_client_that_leaves_while_an_interceptor_waits_ends_its_call() -> None:
    watching, waiting = Watching(), Waiting()
    async with running_stack(rest=True, interceptors=[watching, waiting]) as stack:
        call = asyncio.create_task(stack.rest.post("/v1/chat/completions", json=request()))
        await waiting.begun.wait()
        call.cancel()
        await asyncio.wait_for(watching.some_ended.wait(), 60)
    assert [call.code for call in watching.ended] == ["CANCELLED"]


async def test_an_end_that_is_cancelled_leaves_the_answer_as_it_is() -> None:
    class Ending:
        async def intercept(self, call: Call) -> Callable[[], None]:
            def end() -> None:
                raise asyncio.CancelledError

            return end

    async with running_stack(rest=True, interceptors=[Ending()]) as stack:
        assert (await stream(stack, timeout=60))[-1].HasField("finished")
        assert (await stack.rest.post("/v1/chat/completions", json=request())).status_code == 200


async def test_a_call_that_an_interceptor_holds_is_told_that_the_server_stops() -> None:
    waiting = Waiting()
    async with running_stack(rest=True, interceptors=[waiting], drain_grace=0.0) as stack:
        over_rest = asyncio.create_task(stack.rest.post("/v1/chat/completions", json=request()))
        await waiting.begun.wait()
        waiting.begun.clear()
        over_grpc = stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec()))
        await waiting.begun.wait()
        await asyncio.gather(stack.server.grpc.drain(), stack.server.rest.drain())
        answer = await over_rest
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await over_grpc.read()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "shutting_down")
    assert told(caught.value).info.reason == "SHUTTING_DOWN"
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
