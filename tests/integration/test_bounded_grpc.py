"""Requests over gRPC that are small to send and long to work on: each is refused, or served, without holding others."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from imagewire_server.contract import pb
from tests.conftest import running_stack, spec
from tests.integration.lag import MOST, watched
from tests.pictures import PNG
from tests.protobuf_bytes import inside

_CREATE = "/imagewire.v1.ChatService/CreateCompletion"
_MB = 1024 * 1024


def of_spec(number: int, data: bytes, times: int = 1) -> bytes:
    """A good request, and a field of its spec so many times more."""
    return pb.CreateCompletionRequest(spec=spec()).SerializeToString() + inside(1, inside(number, data) * times)


def field(name: str, of: Any = pb.Spec) -> int:
    return int(of.DESCRIPTOR.fields_by_name[name].number)


def struct_of(values: bytes) -> bytes:
    """A Struct whose one field is a list of these encoded values."""
    entry = inside(1, b"a") + inside(2, inside(6, values))
    return inside(1, entry)


def nested(levels: int) -> bytes:
    value = b""
    for _ in range(levels):
        value = inside(6, inside(1, value))
    return struct_of(inside(1, value))


def message(**fields: Any) -> bytes:
    made = spec()
    made.messages.add(role=pb.Role.ROLE_USER, **fields)
    return pb.CreateCompletionRequest(spec=made).SerializeToString()


PARTS = inside(field("parts", pb.ChatMessage), inside(1, b"a"))
REFUSED: dict[str, Callable[[], bytes]] = {
    "empty messages": lambda: of_spec(field("messages"), b"", 4 * _MB),
    "empty messages, by the smallest": lambda: of_spec(field("messages"), b"", 99_000),
    "nulls in extra_body": lambda: of_spec(field("extra_body"), struct_of(inside(1, b"\x08\x00") * (2 * _MB))),
    "one value set again and again": lambda: of_spec(field("extra_body"), struct_of(inside(1, b"\x08\x00" * 4 * _MB))),
    "safety settings": lambda: of_spec(field("safety_settings"), inside(1, b"A"), 800_000),
    "safety settings, fewer": lambda: of_spec(field("safety_settings"), inside(1, b"A"), 40_000),
    "tools": lambda: of_spec(field("tools"), b"", 99_000),
    "declarations": lambda: of_spec(field("tools"), inside(1, inside(1, inside(1, b"f")) * 800_000)),
    "declarations, fewer": lambda: of_spec(field("tools"), inside(1, inside(1, inside(1, b"f")) * 40_000)),
    "parts": lambda: of_spec(field("messages"), b"\x08\x02" + PARTS * 800_000),
    "parts, fewer": lambda: of_spec(field("messages"), b"\x08\x02" + PARTS * 40_000),
    "empty parts of many messages": lambda: of_spec(field("messages"), b"\x08\x02" + b"\x22\x00" * 4000, 12),
    "labels": lambda: of_spec(field("labels"), inside(1, b"a"), 400_000),
    "modalities": lambda: of_spec(field("response_modalities"), b"\x02" * 8 * _MB),
    "nested lists": lambda: of_spec(field("extra_body"), nested(3000)),
    "unknown fields": lambda: of_spec(57, b"", 2 * _MB),
    "an unknown field": lambda: of_spec(57, bytes(8 * _MB)),
    "a number without end": lambda: b"\x08" + b"\xff" * 8 * _MB,
    "no protobuf": lambda: b"\x0a" * 8 * _MB,
    "control signs": lambda: message(content="\x01" * 8 * _MB),
    "24 MB of text": lambda: message(content="a\n" * 12 * _MB),
    "24 MB of no base64": lambda: message(image={"uri": "data:image/png;base64," + "!" * 24 * _MB}),
    "24 MB of no ASCII": lambda: message(image={"uri": "data:image/png;base64," + "é" * 12 * _MB}),
    "one picture drawn many times": lambda: pb.CreateCompletionRequest(
        spec=pb.Spec(
            model="gemini/gemini-2.5-flash-image",
            messages=[
                pb.ChatMessage(
                    role=pb.Role.ROLE_ASSISTANT,
                    image={"data": PNG, "sha256": bytes(32)},
                    parts=[{"image": {"sha256": bytes(32)}}] * 4096,
                )
            ],
        )
    ).SerializeToString(),
    "one long URI asked for again and again": lambda: message(
        image={"uri": "data:image/png;base64," + "A" * 16 * _MB}, parts=[{"image": {"uri": "https://a/"}}] * 4096
    ),
}


async def ask(stack: Any, data: bytes) -> tuple[str, str, Any]:
    """The code, the text and the fields of an answer, asked for in a thread of its own."""

    def call() -> tuple[str, str, Any]:
        options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        with grpc.insecure_channel(stack.target, options=options) as channel:
            method = channel.unary_unary(_CREATE, request_serializer=None, response_deserializer=None)
            try:
                method(data)
            except grpc.RpcError as error:
                status = rpc_status.from_call(error)
                bad = error_details_pb2.BadRequest()
                fields = [v.field for detail in status.details if detail.Unpack(bad) for v in bad.field_violations]
                return error.code().name, error.details() or "", fields
            return "OK", "", []

    return await asyncio.to_thread(call)


@pytest.mark.parametrize("made", REFUSED.values(), ids=REFUSED.keys())
async def test_d3_what_holds_too_much_is_refused_at_once(made: Callable[[], bytes], monkeypatch: Any) -> None:
    data = await asyncio.to_thread(made)
    async with running_stack() as stack:
        await ask(stack, pb.CreateCompletionRequest(spec=spec()).SerializeToString())
        with watched(monkeypatch) as watch:
            code, words, _ = await ask(stack, data)
        assert code == "INVALID_ARGUMENT"
        assert len(words) < 2000
        assert watch.worst < MOST, watch.what
        assert len(stack.emulator.ledger.entries) == 1


@pytest.mark.parametrize("size", [100_000, 8 * _MB])
async def test_d3_metadata_is_bounded(size: int, monkeypatch: Any) -> None:
    async with running_stack() as stack:
        with watched(monkeypatch) as watch, pytest.raises(grpc.RpcError) as refused:
            await asyncio.to_thread(_with_metadata, stack.target, size)
        assert refused.value.code().name in {"RESOURCE_EXHAUSTED", "UNAVAILABLE"}
        assert watch.worst < MOST, watch.what
        assert (await ask(stack, pb.CreateCompletionRequest(spec=spec()).SerializeToString()))[0] == "OK"


def _with_metadata(target: str, size: int) -> None:
    with grpc.insecure_channel(target) as channel:
        method = channel.unary_unary(_CREATE, request_serializer=None, response_deserializer=None)
        method(b"", metadata=[("a", "b" * size)])
