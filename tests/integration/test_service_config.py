"""protos/imagewire/service_config.json, which programs in any language give their channels."""

import asyncio
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from imagewire._grpc import channel as sdk
from imagewire.v1 import (
    chat_service_pb2_grpc,
    image_service_pb2_grpc,
    model_service_pb2_grpc,
)
from imagewire_server.config.settings import Settings
from imagewire_server.contract import pb
from imagewire_server.core.call import Call
from tests.conftest import running_stack

PUBLISHED = (Path(__file__).parents[2] / "protos/imagewire/service_config.json").read_text()
OPTIONS = [("grpc.service_config", PUBLISHED)]
_NAMES = [name for config in json.loads(PUBLISHED)["methodConfig"] for name in config["name"]]


class _Dead(grpc.GenericRpcHandler):
    """Ends each call as a server that died does."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def service(self, handler_call_details: Any) -> Any:
        if not handler_call_details.method.startswith("/imagewire.v1."):
            return None  # it has no health service, so it counts as healthy

        def ended(_: Any, context: grpc.ServicerContext) -> Any:
            self.asked[handler_call_details.method.rpartition("/")[2]] += 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "")

        return grpc.stream_stream_rpc_method_handler(ended)


def test_what_may_be_charged_is_asked_for_once_and_what_is_free_again() -> None:
    dead = _Dead()
    server = grpc.server(ThreadPoolExecutor(2), handlers=[dead])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=OPTIONS) as channel:
        chat, images = chat_service_pb2_grpc.ChatServiceStub(channel), image_service_pb2_grpc.ImageServiceStub(channel)
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        calls = {
            "CreateCompletion": lambda: chat.CreateCompletion(pb.CreateCompletionRequest(), timeout=60),
            "StreamCompletion": lambda: list(chat.StreamCompletion(pb.StreamCompletionRequest(), timeout=60)),
            "ResumeCompletion": lambda: list(chat.ResumeCompletion(pb.ResumeCompletionRequest(), timeout=60)),
            "UploadImage": lambda: images.UploadImage(iter([pb.UploadImageRequest()]), timeout=60),
            "DownloadImage": lambda: list(images.DownloadImage(pb.DownloadImageRequest(), timeout=60)),
            "DeleteImage": lambda: images.DeleteImage(pb.DeleteImageRequest(), timeout=60),
            "ListModels": lambda: models.ListModels(pb.ListModelsRequest(), timeout=60),
            "GetModel": lambda: models.GetModel(pb.GetModelRequest(), timeout=60),
        }
        for call in calls.values():
            with pytest.raises(grpc.RpcError):
                call()
    server.stop(None)
    once = ("CreateCompletion", "StreamCompletion", "UploadImage")
    assert dead.asked == {name: 1 if name in once else 3 for name in calls}


async def test_a_call_waits_for_a_server_that_starts(tmp_path: Path) -> None:
    async with grpc.aio.insecure_channel(f"unix:{tmp_path}/socket", options=OPTIONS) as channel:
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        waiting = asyncio.ensure_future(models.ListModels(pb.ListModelsRequest(), timeout=60))
        while channel.get_state() is not grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            await channel.wait_for_state_change(channel.get_state())
        async with running_stack(grpc=f"unix:{tmp_path}/socket"):
            assert (await waiting).models


class _Seen:
    """An interceptor that counts."""

    calls = 0

    async def intercept(self, call: Call) -> None:
        self.calls += not call.quiet


async def test_a_server_that_stops_gets_no_new_call() -> None:
    seen = _Seen(), _Seen()
    async with AsyncExitStack() as made:
        first, second = [await made.enter_async_context(running_stack(interceptors=[each])) for each in seen]
        target = f"ipv4:{first.target},{second.target}"
        channel = await made.enter_async_context(grpc.aio.insecure_channel(target, options=OPTIONS))
        models = model_service_pb2_grpc.ModelServiceStub(channel)

        async def ask() -> tuple[int, int]:
            before = [each.calls for each in seen]
            for _ in range(10):
                await models.ListModels(pb.ListModelsRequest(), timeout=60)
            return seen[0].calls - before[0], seen[1].calls - before[1]

        async with asyncio.timeout(60):
            while min(await ask()) < 5:  # until both are connected
                pass
            first.server.grpc.announce_stop()
            while (await ask())[0]:  # until the channel has heard of it
                pass
        assert await ask() == (0, 10)


def test_its_sizes_and_retries_are_those_of_the_server_and_the_sdk() -> None:
    configs = json.loads(PUBLISHED)["methodConfig"]
    assert {config["maxRequestMessageBytes"] for config in configs} == {Settings().max_request_bytes}
    assert {config["maxResponseMessageBytes"] for config in configs} == {sdk.MAX_MESSAGE_BYTES}
    (own,) = json.loads(sdk._SERVICE_CONFIG)["methodConfig"]
    assert own["retryPolicy"] in [config.get("retryPolicy") for config in configs]
    services = {name["service"] for name in _NAMES}
    assert services == {f"imagewire.v1.{name}Service" for name in ("Chat", "Image", "Model")}
