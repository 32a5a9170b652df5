"""What we use of gRPC beyond its documentation behaves as docs/dependencies.md says."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.protobuf import descriptor_pool
from grpc._cython import cygrpc

from imagewire.v1 import (
    chat_service_pb2,
    chat_service_pb2_grpc,
    image_service_pb2,
    image_service_pb2_grpc,
    model_service_pb2,
    model_service_pb2_grpc,
)
from imagewire_server.api.grpc.handlers import MethodHandlers
from imagewire_server.api.grpc.path_codec import _MAIN_LOOP
from imagewire_server.api.grpc.reflection import REFLECTION, add_reflection
from imagewire_server.api.grpc.server import GrpcLimits, _options
from imagewire_server.api.grpc.tcp_info import _peer
from imagewire_server.api.grpc.unread_answers import _holders


@asynccontextmanager
async def _served(handler: Any, *options: tuple[str, int]) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server with this handler for all methods."""

    class Handlers(grpc.GenericRpcHandler):
        def service(self, handler_call_details: Any) -> Any:
            return grpc.stream_unary_rpc_method_handler(handler)

    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((Handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


async def test_grpcs_tasks_bear_the_names_by_which_we_know_them() -> None:
    seen: list[Any] = []

    async def handler(_: Any, context: Any) -> bytes:
        task = asyncio.current_task()
        assert task is not None
        seen.append({getattr(each.get_coro(), "__name__", "") for each in asyncio.all_tasks()})
        seen.append((task, _holders({task})))
        return b""

    async with _served(handler) as channel:
        await channel.unary_unary("/a/b")(b"")
    names, (task, holders) = seen
    assert _MAIN_LOOP in names
    assert set(holders) == {task}


async def test_grpcs_abort_raises_its_own_error_and_the_peer_is_an_address() -> None:
    seen: list[Any] = []
    ended = asyncio.Event()  # the caller may learn of the end before the handler does

    async def handler(_: Any, context: Any) -> None:
        seen.append(context.peer())
        try:
            await context.abort(grpc.StatusCode.ABORTED, "enough")
        except BaseException as error:
            seen.append(type(error))
            raise
        finally:
            ended.set()

    async with _served(handler) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary("/a/b")(b"")
        await ended.wait()
    peer, kind = seen
    host, port = _peer(peer) or ("", 0)
    assert host == "127.0.0.1"
    assert port > 0
    assert kind is grpc.aio.AbortError


async def test_grpcs_error_for_what_it_could_not_write_is_its_internal_error() -> None:
    seen: list[BaseException] = []

    async def handler(_: Any, context: Any) -> None:
        try:
            await context.write(b"larger than the server may send")
        except BaseException as error:
            seen.append(error)
            raise

    async with _served(handler, ("grpc.max_send_message_length", 1)) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary("/a/b")(b"")
    assert isinstance(seen[0], grpc.aio.InternalError)


def test_grpcs_core_knows_each_argument_that_the_server_gives_it() -> None:
    """It ignores in silence what it does not know."""
    limits: Any = {field.name: 1 for field in dataclasses.fields(GrpcLimits)}
    core = Path(cygrpc.__file__).read_bytes()
    names = dict(_options(GrpcLimits(**limits), shared=False))
    assert [name for name in names if name.encode() + b"\0" not in core] == []


class _Passing:
    """An interceptor that changes nothing."""

    def wrap(self, handler: Any, method: str, permission: object) -> Any:
        return handler


def test_generated_code_adds_every_method_by_its_name() -> None:
    handlers: Any = MethodHandlers(cast("Any", _Passing()), frozenset())
    chat_service_pb2_grpc.add_ChatServiceServicer_to_server(chat_service_pb2_grpc.ChatServiceServicer(), handlers)
    image_service_pb2_grpc.add_ImageServiceServicer_to_server(image_service_pb2_grpc.ImageServiceServicer(), handlers)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(model_service_pb2_grpc.ModelServiceServicer(), handlers)
    wanted = {
        f"/{service.full_name}/{method.name}"
        for file in (chat_service_pb2, image_service_pb2, model_service_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert set(handlers._handlers) == wanted


def test_reflection_describes_both_of_its_names() -> None:
    handlers = MethodHandlers(cast("Any", _Passing()), frozenset())
    add_reflection(handlers, ())
    for name in REFLECTION:
        service = descriptor_pool.Default().FindServiceByName(name)
        (method,) = service.methods
        assert method.input_type.full_name == name.replace("ServerReflection", "ServerReflectionRequest")
        assert f"/{name}/ServerReflectionInfo" in handlers._handlers
