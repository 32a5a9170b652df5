"""What the trailers of calls tell of the load, by the setting `orca`. gRPC's own clients keep it to themselves."""

import asyncio
import base64
import struct

import pytest
from google.protobuf.message import Message

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.api.grpc.orca import TRAILER
from imagewire_server.config.routing import Routing
from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack, spec
from tests.deployments import google
from tests.integration.http2 import Call

_CHAT, _MODELS = "/imagewire.v1.ChatService/", "/imagewire.v1.ModelService/ListModels"


async def _told(stack: Stack, method: str, request: bytes, *headers: tuple[str, str]) -> tuple[str, bytes | None]:
    """A call's status, and its load report."""
    async with Call(stack.target, method, *headers) as call:
        await call.send(request, end=True)
        status = await call.ended()
        told = call.trailers.get(TRAILER)
        return status, None if told is None else base64.b64decode(told + "==")


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize(
    ("method", "asked", "status"),
    [
        (_CHAT + "CreateCompletion", pb.CreateCompletionRequest(spec=spec()), "0"),
        (_CHAT + "StreamCompletion", pb.StreamCompletionRequest(spec=spec()), "0"),
        (_CHAT + "CreateCompletion", pb.CreateCompletionRequest(spec=spec("gemini/nothing")), "5"),
        (_MODELS, pb.ListModelsRequest(), "0"),
    ],
    ids=["unary", "stream", "failed", "models"],
)
async def test_calls_tell_the_load_only_where_they_shall(method: str, asked: Message, status: str, on: bool) -> None:
    async with running_stack(orca=on) as stack:
        ended, told = await _told(stack, method, asked.SerializeToString())
        assert (ended, told is not None) == (status, on)


async def test_it_grows_with_the_calls_that_draw() -> None:
    async with running_stack(orca=True, max_concurrent_calls=4) as stack:
        chat = chat_service_pb2_grpc.ChatServiceStub(stack.channel)
        slow = [chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec("gemini/emulator-stuck"))) for _ in range(3)]
        # Each has a place when its first event is there.
        await asyncio.gather(*(anext(aiter(one)) for one in slow))
        _, told = await _told(stack, _MODELS, b"")
        assert told is not None
        assert told.endswith(bytes([9 << 3 | 1, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]))  # 1.0: application_utilization
        for one in slow:
            one.cancel()


async def test_what_is_left_of_the_providers_quota() -> None:
    model = "gemini/gemini-2.5-flash-image"
    made = google("a", model, "gemini", "gemini-2.5-flash-image", api_key="emulator-key", rpm=4)
    async with running_stack((made,), Routing(enforces_rpm=True), orca=True) as stack:
        asked = pb.CreateCompletionRequest(spec=spec(model)).SerializeToString()
        for left in (0.75, 0.5):
            _, told = await _told(stack, _CHAT + "CreateCompletion", asked)
            assert told is not None
            assert b"quota_left\x11" + struct.pack("<d", left) in told


async def test_a_stranger_learns_nothing() -> None:
    async with running_stack(orca=True, master_key="sk-1") as stack:
        assert await _told(stack, _MODELS, b"") == ("16", None)
        status, told = await _told(stack, _MODELS, b"", ("authorization", "Bearer sk-1"))
        assert status == "0"
        assert told is not None


async def test_a_call_that_is_refused_for_its_key_makes_no_replica_look_busy() -> None:
    """Balancers send more calls to whoever serves many at a low utilization: a stranger could draw them to itself."""
    asked = pb.CreateCompletionRequest(spec=spec()).SerializeToString()
    key = ("authorization", "Bearer sk-1")
    async with running_stack(orca=True, master_key="sk-1") as stack:
        assert await _told(stack, _CHAT + "CreateCompletion", asked) == ("16", None)
        _, refused = await _told(stack, _MODELS, b"", key)
        await _told(stack, _CHAT + "CreateCompletion", asked, key)
        _, drawn = await _told(stack, _MODELS, b"", key)
        rps_fractional = 6 << 3 | 1  # the first field, left out where it is 0
        assert refused is not None
        assert drawn is not None
        assert (refused[0] == rps_fractional, drawn[0] == rps_fractional) == (False, True)
