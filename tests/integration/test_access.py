"""What is done for a caller who shows no key: nothing is read of the request, nothing is asked of a provider."""

import asyncio
import base64
import struct
from contextlib import AsyncExitStack

import grpc
import pytest
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2, health_pb2_grpc

from imagewire.v1 import model_service_pb2_grpc
from imagewire_server.api.grpc import open_streams
from imagewire_server.contract import pb
from tests.conftest import running_stack, spec
from tests.integration import processes
from tests.integration.http2 import Call
from tests.integration.raw_client import JSON, Client

CREATE = "/imagewire.v1.ChatService/CreateCompletion"
MB = 1024 * 1024


async def test_d2_half_sent_messages_without_a_key_are_not_read() -> None:
    with processes.emulator() as emulator, processes.server(emulator.address, master_key="sk-right") as server:
        before = server.memory("VmRSS")
        server.forget_peak()
        async with AsyncExitStack() as stack, grpc.aio.insecure_channel(server.address) as channel:
            calls = [await stack.enter_async_context(Call(server.address, CREATE)) for _ in range(10)]
            sending = [asyncio.create_task(call.send(bytes(60 * MB), declared=61 * MB)) for call in calls]
            health = health_pb2_grpc.HealthStub(channel)
            answer = await health.Check(health_pb2.HealthCheckRequest())
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            assert [await call.ended() for call in calls] == ["16"] * 10
            await asyncio.gather(*sending)
        assert max(call.sent for call in calls) <= 128 * 1024
        assert server.memory("VmHWM") - before < 16 * MB
        server.process.kill()  # gRPC would wait 20 s for the ping that goes before its GOAWAY


async def test_a_call_without_a_message_is_told_so() -> None:
    async with running_stack() as stack, Call(stack.target, CREATE) as call:
        call.end()
        assert await call.ended() == "3"
        assert "without a request" in call.trailers["grpc-message"]


@pytest.mark.parametrize(
    "name", ["x-api-key", "api-key", "x-goog-api-key", "ocp-apim-subscription-key", "x-litellm-api-key"]
)
async def test_d14_a_key_in_the_headers_of_other_clients(name: str) -> None:
    async with running_stack(master_key="sk-right", rest=True) as stack:
        await stack.models.ListModels(pb.ListModelsRequest(), metadata=((name, "sk-right"),))
        assert (await stack.rest.get("/v1/models", headers={name: "sk-right"})).status_code == 200
        assert (await stack.rest.get("/v1/models", headers={name: "sk-wrong"})).status_code == 401
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.models.ListModels(pb.ListModelsRequest(), metadata=((name, "sk-wrong"),))
        assert failed.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("values", "right"),
    [
        (["Bearer sk-right"], True),
        (["bearer   sk-right"], True),
        (["Bearer sk-right", "Bearer sk-wrong"], False),
        (["Bearer sk-wrong", "Bearer sk-right"], False),
        (["Bearer sk-right", "Bearer sk-right"], False),
        (["Bearer sk-right,Bearer sk-right"], False),
        ([""], False),
        ([], False),
    ],
)
async def test_d14_odd_headers_are_read_alike_on_both_apis(values: list[str], right: bool) -> None:
    async with running_stack(master_key="sk-right", rest=True) as stack:
        headers = [("authorization", value) for value in values]
        assert (await stack.rest.get("/v1/models", headers=headers)).status_code == (200 if right else 401)
        async with Call(stack.target, "/imagewire.v1.ModelService/ListModels", *headers) as call:
            await call.send(b"", end=True)
            assert await call.ended() == ("0" if right else "16")


@pytest.mark.parametrize(("who", "key", "codes"), [("key", "sk-right", (401, 200, 200)), ("open", "", (200, 200, 200))])
async def test_d14_the_metrics_have_a_setting_and_a_key_that_draws_nothing(
    who: str, key: str, codes: tuple[int, int, int]
) -> None:
    more = {"metrics_key": "scrape"} if who == "key" else {}
    async with running_stack(master_key="sk-right", rest=True, metrics=who, **more) as stack:
        shown = [{}, {"authorization": "Bearer scrape"}, {"authorization": f"Bearer {key or 'x'}"}]
        answers = [await stack.rest.get("/metrics", headers=headers) for headers in shown]
        assert tuple(answer.status_code for answer in answers) == codes
        for path in ("/health", "/v1/models"):
            assert (await stack.rest.get(path, headers=shown[1])).status_code == 401
        drawn = await stack.rest.post("/v1/chat/completions", headers=shown[1], json={})
        assert drawn.status_code == 401
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.models.ListModels(pb.ListModelsRequest(), metadata=(("authorization", "Bearer scrape"),))
        assert failed.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(("who", "keyless", "keyed"), [("key", "16", "0"), ("open", "0", "0"), ("off", "12", "12")])
async def test_d14_reflection_and_channelz_have_a_setting_each(who: str, keyless: str, keyed: str) -> None:
    async with running_stack(master_key="sk-right", reflection=who, channelz=who) as stack:
        for method in (
            "/grpc.channelz.v1.Channelz/GetServers",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        ):
            for headers, code in (((), keyless), ((("authorization", "Bearer sk-right"),), keyed)):
                async with Call(stack.target, method, *headers) as call:
                    await call.send(b"", end=True)
                    assert await call.ended() == code, method


async def test_d14_metrics_can_be_off() -> None:
    async with running_stack(rest=True, metrics="off") as stack:
        assert (await stack.rest.get("/metrics")).status_code == 404


HEALTH = "/grpc.health.v1.Health/Check"
SHOWN = ("authorization", "Bearer sk-right")


@pytest.mark.parametrize(
    ("method", "headers", "most"),
    [(HEALTH, [], 48 * MB), (CREATE, [SHOWN], 240 * MB)],
    ids=["a method that asks for no key", "with the key"],
)
async def test_d2_half_sent_messages_are_bounded_for_the_whole_process(
    method: str, headers: list[tuple[str, str]], most: int
) -> None:
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, master_key="sk-right", receive_timeout="1") as server,
    ):
        before = server.memory("VmRSS")
        server.forget_peak()
        async with AsyncExitStack() as stack, grpc.aio.insecure_channel(server.address) as channel:
            calls = [await stack.enter_async_context(Call(server.address, method, *headers)) for _ in range(10)]
            sending = [asyncio.create_task(call.send(bytes(60 * MB), declared=61 * MB)) for call in calls]
            models = model_service_pb2_grpc.ModelServiceStub(channel)
            while not all(task.done() for task in sending):
                await models.ListModels(pb.ListModelsRequest(), metadata=[SHOWN])
            # Some are refused because all together are too much, the rest because no more comes: with our own words.
            assert {await call.ended() for call in calls} <= {"4", "8"}
            told = [base64.b64decode(call.trailers["grpc-status-details-bin"] + "==") for call in calls]
            assert {Status.FromString(status).code for status in told} <= {4, 8}
        assert server.memory("VmHWM") - before < most
        server.process.kill()  # gRPC would wait 20 s for the ping that goes before its GOAWAY


async def test_d2_a_stalled_message_is_ended_and_a_slow_one_is_not() -> None:
    async with (
        running_stack(receive_timeout=2.0) as stack,
        Call(stack.target, CREATE) as silent,
        Call(stack.target, CREATE) as begun,
        Call(stack.target, CREATE) as slow,
    ):
        await begun.send(bytes(40_000), declared=50_000)
        request = pb.CreateCompletionRequest(spec=spec(prompt="A banana " * 12_000)).SerializeToString()
        framed = struct.pack(">BI", 0, len(request)) + request
        # Each pause is short, and all together are longer than the limit.
        for at in range(0, len(framed), len(framed) // 20):
            await slow.raw(framed[at : at + len(framed) // 20])
            await asyncio.sleep(0.15)
        slow.end()
        assert await silent.ended() == "4"
        assert await begun.ended() == "4"
        assert "receive_timeout" in begun.trailers["grpc-message"]
        assert await slow.ended() == "0"


async def test_d2_bodies_that_are_half_sent_count_with_messages() -> None:
    async with running_stack(rest=True, max_request_bytes=2 * MB, max_arriving_bytes=3 * MB) as stack:
        head = b"POST /v1/chat/completions HTTP/1.1\r\n" + JSON + b"content-length: %d\r\n\r\n" % (2 * MB)
        async with AsyncExitStack() as clients:
            made = [await clients.enter_async_context(Client(str(stack.rest.base_url))) for _ in range(2)]
            for client in made:
                await client.send(head + bytes(2 * MB - 1))
            first = asyncio.create_task(made[0].answer())
            second = asyncio.create_task(made[1].answer())
            done, _ = await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
            status, headers, _ = done.pop().result()
            assert (status, headers["retry-after"]) == (429, "1")
            # The place is free again.
            answer = await stack.rest.post("/v1/chat/completions", json={})
            assert answer.status_code == 400
            for task in (first, second):
                task.cancel()
            await asyncio.gather(first, second, return_exceptions=True)


async def test_d2_watches_of_health_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_streams.OpenStreams.__init__, "__defaults__", (3, 2))
    async with running_stack(master_key="sk-right") as stack, AsyncExitStack() as channels:
        codes, watches = [], []
        for _ in range(2):  # two watches fit a connection, and three the server
            channel = await channels.enter_async_context(
                grpc.aio.insecure_channel(stack.target, options=(("grpc.use_local_subchannel_pool", 1),))
            )
            for _ in range(3):
                watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
                watches.append(watch)
                try:
                    await watch.read()
                    codes.append("")
                except grpc.aio.AioRpcError as error:
                    codes.append(error.code().name)
        assert codes == ["", "", "RESOURCE_EXHAUSTED", "", "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"]
        check = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        assert check.status == health_pb2.HealthCheckResponse.SERVING
