"""Frames of HTTP/2 to the gRPC port: calls as they should be, with frames that should not be."""

import random
import struct
from collections.abc import Iterable

from imagewire_server.contract import pb
from tests.conftest import spec
from tests.fuzz.hostile.case import Case
from tests.fuzz.hostile.mutate import mutated
from tests.integration.floods import PREFACE, frame

_DRAW = pb.CreateCompletionRequest(spec=spec()).SerializeToString()
_METHODS = (
    (b"/imagewire.v1.ChatService/CreateCompletion", _DRAW), (b"/imagewire.v1.ChatService/StreamCompletion", _DRAW),
    (b"/imagewire.v1.ModelService/ListModels", b""), (b"/grpc.health.v1.Health/Check", b""),
    (b"/grpc.health.v1.Health/Watch", b""),
    (b"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", b"\x3a\x00"),
    (b"/imagewire.v1.ImageService/UploadImage", b""), (b"/grpc.channelz.v1.Channelz/GetTopChannels", b""),
    (b"/x.Y/Z", b""), (b"", b""), (b"/" + b"a" * 5000, b""), (b"*", b""),
)  # fmt: skip
_ODD_HEADERS = (
    (b"content-type", b"application/grpc+json"), (b"content-type", b"text/plain"), (b"grpc-timeout", b"1n"),
    (b"grpc-timeout", b"0m"), (b"grpc-timeout", b"99999999H"), (b"grpc-timeout", b"-1S"), (b"grpc-timeout", b"x"),
    (b"grpc-encoding", b"gzip"), (b"grpc-encoding", b"nope"), (b"X-Upper", b"x"), (b":status", b"200"),
    (b":path", b"/again"), (b"connection", b"close"), (b"te", b"gzip"), (b"x-bin", b"!"), (b"x-request-id", b"\xff"),
    (b"x-request-id", b""), (b"authorization", b"Bearer x"), (b"authorization", b"Bearer \xe2\x82"), (b"", b"x"),
    (b"x", b"\r\n"), (b"x", b"\0"), (b"x", b"a" * 20_000), (b"host", b"x"), (b"content-length", b"1"),
    (b"grpc-status", b"0"), (b"grpc-previous-rpc-attempts", b"-1"), (b"grpc-message", b"%"),
)  # fmt: skip
_SETTINGS = (
    (1, 0),
    (1, 2**32 - 1),
    (2, 1),
    (2, 2),
    (3, 0),
    (4, 0),
    (4, 2**31),
    (5, 1),
    (5, 2**24),
    (6, 0),
    (0xFFFF, 7),
)


def _text(value: bytes) -> bytes:
    """A string of HPACK without Huffman's code."""
    if len(value) < 127:
        return bytes((len(value),)) + value
    left, made = len(value) - 127, bytearray(b"\x7f")
    while left > 127:
        made.append(left & 127 | 128)
        left >>= 7
    return bytes((*made, left)) + value


def _head(path: bytes, rng: random.Random, wild: float) -> bytes:
    pairs = [
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"x"),
        (b"content-type", b"application/grpc"), (b"te", b"trailers"),
    ]  # fmt: skip
    if rng.random() < wild:
        pairs += rng.sample(_ODD_HEADERS, rng.choice([1, 2]))
    if rng.random() < wild / 3:
        del pairs[rng.randrange(len(pairs))]
    if rng.random() < wild / 4:
        rng.shuffle(pairs)
    return encoded(pairs)


def encoded(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as HPACK without its tables, in which anything can stand."""
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in pairs)


def _call(stream: int, rng: random.Random, wild: float) -> list[bytes]:
    """The frames of a call."""
    path, message = rng.choice(_METHODS[:2]) if rng.random() >= wild else rng.choice(_METHODS)
    head, most = _head(path, rng, wild), 16_000
    parts = [head[at : at + most] for at in range(0, len(head), most)]
    if rng.random() < wild / 3:
        at = rng.randint(0, len(head))
        parts = [head[:at], head[at:]]
    frames = [
        frame(9 if number else 1, 4 if number == len(parts) - 1 else 0, stream, part)
        for number, part in enumerate(parts)
    ]
    prefix, size = 0, len(message)
    if rng.random() < wild / 3:
        prefix, size = rng.choice([(1, size), (2, size), (0, size + 1), (0, 2**32 - 1), (0, 0), (255, 3)])
    data = struct.pack(">BI", prefix, size) + message
    if rng.random() < wild / 3:
        data = rng.choice([data * 2, data[:3], b"", mutated(data, rng), data + b"\0"])
    if rng.random() < 0.3:
        return [
            *frames,
            *(frame(0, 0, stream, data[at : at + 7]) for at in range(0, len(data), 7)),
            frame(0, 1, stream),
        ]
    return [*frames, frame(0, 1, stream, data)]


def _odd(rng: random.Random) -> bytes:
    """A frame that need not make sense."""
    stream, pick = rng.choice([0, 1, 1, 3, 2, 99, 2**31 - 1]), rng.choice
    made: tuple[tuple[int, int, int, bytes], ...] = (
        (rng.randrange(256), rng.randrange(256), stream, rng.randbytes(pick([0, 4, 5, 8, 100]))),
        (3, 0, stream, struct.pack(">I", pick([0, 1, 7, 8, 2**32 - 1]))),
        (4, pick([0, 0, 1]), 0, b"".join(struct.pack(">HI", *one) for one in rng.sample(_SETTINGS, 2))),
        (6, pick([0, 1]), pick([0, 0, 1]), rng.randbytes(pick([8, 8, 7, 0]))),
        (7, 0, 0, struct.pack(">II", 0, rng.randrange(14)) + b"bye"),
        (8, 0, stream, struct.pack(">I", pick([0, 1, 2**31 - 1, 2**32 - 1]))),
        (2, 0, stream, struct.pack(">IB", pick([stream, 0, 5]), 255)),
        (5, 4, stream, struct.pack(">I", 2)),
        (9, pick([0, 4]), stream, b"\0\x01a\x01b"),
        (0, pick([0, 1, 8, 9]), stream, pick([b"", b"\xff", b"\x05" + b"\0" * 5, b"\0" * 16_000])),
        (1, pick([4, 5, 0x2C, 0x24]), stream, pick([b"", b"\x82", b"\x3f\xe1\x7f", b"\xff" * 9])),
    )
    if rng.random() < 0.05:
        return struct.pack(">I", 2**24 - 1)[1:] + b"\0\0" + struct.pack(">I", stream)  # longer than what comes
    return frame(*pick(made))


def invent(seed: int) -> Case:
    """The bytes of a connection."""
    rng = random.Random(f"http2/{seed}")
    wild = rng.choice([0.0, 0.2, 0.6])
    frames: list[bytes] = []
    for number in range(rng.choice([1, 1, 2, 4, 30])):
        call = _call(2 * number + 1, rng, wild)
        at = rng.randint(0, len(frames))
        frames[at:at] = call
    for _ in range(rng.choice([0, 1, 1, 2, 5, 100])):
        frames.insert(rng.randint(0, len(frames)), _odd(rng))
    data = b"".join(frames)
    if rng.random() < 0.2:
        data = mutated(data, rng)
    front = PREFACE + frame(4, 0, 0)
    if rng.random() < 0.03:
        front = rng.choice([b"", PREFACE, mutated(front, rng), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\0"])
    return Case("http2", front + data, {}, str(seed))
