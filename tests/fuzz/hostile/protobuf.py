"""Requests as protobuf's bytes, made without protobuf: what no encoder writes can be written.

A valid request, and behind it odd pieces of one: fields that stand twice are merged, so they reach as deep as valid
ones.
"""

import random
import struct
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from grpc_channelz.v1 import channelz_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from imagewire_server.contract import pb
from tests.conftest import spec
from tests.fuzz.hostile import values
from tests.fuzz.hostile.case import Case
from tests.fuzz.hostile.mutate import mutated
from tests.protobuf_bytes import inside, varint

_REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
# Above this gRPC's own copy of a message comes near what may hold the loop: 0.7 ms a megabyte, more on a busy machine.
_MOST = 10_000_000
_CHAT = "/imagewire.v1.ChatService/"
_DRAW = pb.CreateCompletionRequest(spec=spec()).SerializeToString()  # the spec stands alike in both
METHODS: dict[str, tuple[int, type[pb.ProtoMessage], bytes]] = {
    _CHAT + "CreateCompletion": (30, pb.CreateCompletionRequest, _DRAW),
    _CHAT + "StreamCompletion": (30, pb.StreamCompletionRequest, _DRAW),
    _CHAT + "ResumeCompletion": (2, pb.ResumeCompletionRequest, b""),
    "/imagewire.v1.ModelService/ListModels": (5, pb.ListModelsRequest, b""),
    "/imagewire.v1.ModelService/GetModel": (
        5,
        pb.GetModelRequest,
        pb.GetModelRequest(name="gemini/gemini-2.5-flash-image").SerializeToString(),
    ),
    "/imagewire.v1.ImageService/UploadImage": (4, pb.UploadImageRequest, b""),
    "/imagewire.v1.ImageService/DownloadImage": (3, pb.DownloadImageRequest, b""),
    "/grpc.health.v1.Health/Check": (2, health_pb2.HealthCheckRequest, b""),
    "/grpc.channelz.v1.Channelz/GetTopChannels": (1, channelz_pb2.GetTopChannelsRequest, b""),
    _REFLECTION: (2, reflection_pb2.ServerReflectionRequest, b"\x3a\x00"),
}  # fmt: skip
METADATA = (
    ("authorization", "Bearer "),
    ("authorization", "basic x"),
    ("x-request-id", "a" * 200),
    ("x-request-id", "a b"),
    ("x-any-bin", "\0\xff"),
    ("traceparent", "00-" + "0" * 32 + "-0-00"),
    ("grpc-accept-encoding", "gzip,none,,"),
    ("x-long", "a" * 7000),
)
_SCALARS = {
    FieldDescriptor.TYPE_DOUBLE: 1, FieldDescriptor.TYPE_FLOAT: 5, FieldDescriptor.TYPE_STRING: 2,
    FieldDescriptor.TYPE_BYTES: 2, FieldDescriptor.TYPE_MESSAGE: 2,
}  # fmt: skip


class _Writer:
    """Writes messages. wild: how often a thing is odd."""

    def __init__(self, rng: random.Random, wild: float) -> None:
        self._rng = rng
        self._wild = wild

    def message(self, descriptor: Descriptor, depth: int = 0) -> bytes:
        """Some fields of a message."""
        rng = self._rng
        fields = list(descriptor.fields)
        rng.shuffle(fields)
        most = len(fields) if rng.random() < 0.1 else 3
        made = [self.field(one, depth) for one in fields[: rng.randint(0 if depth else 1, most)]]
        if self._odd(0.1):
            made.append(self._unknown())
        return b"".join(made)

    def field(self, one: FieldDescriptor, depth: int = 0) -> bytes:
        """A field, so many times as it may stand there, or more."""
        rng = self._rng
        times = rng.choice([1, 1, 1, 2, 3]) if one.is_repeated else 2 if self._odd(0.2) else 1
        return b"".join(self._once(one, depth) for _ in range(times))

    def _odd(self, share: float = 1.0) -> bool:
        return self._rng.random() < self._wild * share

    def _once(self, one: FieldDescriptor, depth: int) -> bytes:
        rng = self._rng
        kind = rng.choice([0, 1, 2, 3, 4, 5, 6, 7]) if self._odd(0.05) else _SCALARS.get(one.type, 0)
        tag = varint(one.number << 3 | kind)
        if one.message_type is not None:
            inside = b"" if depth > 12 else self.message(one.message_type, depth + 1)
            return tag + self._length(len(inside)) + inside
        if one.type == FieldDescriptor.TYPE_STRING:
            written = values.text(one.name, rng, self._wild).encode(
                errors="surrogatepass" if self._odd() else "replace"
            )
            return tag + self._length(len(written)) + written
        if one.type == FieldDescriptor.TYPE_BYTES:
            blob = values.blob(rng)
            return tag + self._length(len(blob)) + blob
        if one.type == FieldDescriptor.TYPE_DOUBLE:
            return tag + struct.pack("<d", rng.choice(values.FLOATS) if self._odd() else rng.random())
        if one.enum_type is not None and not self._odd():
            return tag + varint(rng.choice(one.enum_type.values).number)
        return tag + varint(rng.choice(values.NUMBERS) if self._odd() else rng.randint(0, 5))

    def _length(self, length: int) -> bytes:
        if self._odd(0.02):
            length = self._rng.choice([0, length + 1, 2**31 - 1, 2**32, 2**63])
        if self._odd(0.02):
            return varint(length)[:-1] + bytes((varint(length)[-1] | 128, 128, 0))  # longer than need be
        return varint(length)

    def _unknown(self) -> bytes:
        rng = self._rng
        number = rng.choice([99, 1000, 19000, 2**29 - 1, 0])
        return rng.choice(
            [
                inside(number, rng.randbytes(3)),
                varint(number << 3) + varint(rng.choice(values.NUMBERS)),
                varint(number << 3 | 3) + varint(number << 3 | 4),
                varint(number << 3 | 3) * 200,
            ]
        )


def _path(descriptor: Descriptor, rng: random.Random) -> tuple[list[int], FieldDescriptor]:
    """A way down to a field that repeats or nests, by the numbers of what it stands in."""
    above: list[int] = []
    while True:
        inner = [one for one in descriptor.fields if one.message_type is not None]
        repeated = [one for one in descriptor.fields if one.is_repeated]
        if repeated and (not inner or rng.random() < 0.4):
            return above, rng.choice(repeated)
        one = rng.choice(inner or descriptor.fields)
        if one.message_type is None or len(above) > 8:
            return above, one
        above.append(one.number)
        descriptor = one.message_type


def _within(above: list[int], payload: bytes) -> bytes:
    for number in reversed(above):
        payload = inside(number, payload)
    return payload


def _many(kind: Any, rng: random.Random) -> bytes:
    """A small value very often."""
    above, one = _path(kind.DESCRIPTOR, rng)
    small = _Writer(rng, 0.0).field(one, depth=11) if rng.random() < 0.5 else varint(one.number << 3 | 2) + b"\0"
    size = rng.choice([3_000, 100_000, 1_000_000, 8_000_000])
    return _within(above, small * (size // max(len(small), 1)))


def _deep(kind: Any, rng: random.Random) -> bytes:
    """Structs in Structs, or groups in groups."""
    depth = rng.choice([30, 98, 101, 1000, 20_000])
    if rng.random() < 0.2:
        return varint(99 << 3 | 3) * depth
    inner = b""
    for _ in range(depth):
        # A map's entry whose value is a Struct, or a list that holds a list.
        inner = (
            inside(1, inside(1, b"a") + inside(2, inside(5, inner)))
            if rng.random() < 0.5
            else inside(6, inside(1, inner))
        )
        if len(inner) > 4_000_000:
            break
    extra_body = kind.DESCRIPTOR.fields_by_name.get("spec")
    return _within([extra_body.number, 11] if extra_body else [1], inner)


def invent(seed: int) -> Case:
    """A message to one of our methods."""
    rng = random.Random(f"protobuf/{seed}")
    method = rng.choices(list(METHODS), [weight for weight, _, _ in METHODS.values()])[0]
    _, kind, valid = METHODS[method]
    descriptor: Any = kind.DESCRIPTOR
    chance = rng.random()
    if chance < 0.01:
        data = valid + _many(kind, rng)
    elif chance < 0.03:
        data = valid + _deep(kind, rng)
    else:
        wild = rng.choice([0.0, 0.0, 0.1, 0.1, 0.3, 0.9])
        writer = _Writer(rng, wild)
        data = valid if rng.random() < 0.9 else b""
        for _ in range(rng.choice([0, 1, 1, 2, 4])):
            data += writer.message(descriptor)
        if "spec" in descriptor.fields_by_name:
            inner = descriptor.fields_by_name["spec"].message_type
            data += b"".join(inside(1, writer.message(inner)) for _ in range(rng.choice([0, 1, 2])))
        if rng.random() < 0.15:
            data = mutated(data, rng)
    data = data[:_MOST]
    head: dict[str, Any] = {"method": method}
    if rng.random() < 0.05:
        head["metadata"] = rng.sample(METADATA, 2)
    if method.endswith(("UploadImage", "Info")) and data:
        head["sizes"] = [rng.randint(0, len(data)) for _ in range(3)]
    return Case("protobuf", data, head, str(seed))
