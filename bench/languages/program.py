"""Draws as a program in Python does, by the client or by the stub alone: bench/languages/__init__.py says how."""

import json
import os
import sys
import time
from collections.abc import Callable

import grpc

import imagewire
from imagewire.v1 import chat_service_pb2 as chat
from imagewire.v1 import chat_service_pb2_grpc, message_pb2, spec_pb2

PROMPT = "Draw a banana"
# Draws a picture with a model; returns its bytes.
Drawing = Callable[[str], int]


def client(target: str, key: str) -> tuple[Drawing, Drawing]:
    """A small picture at once, and a large one as a stream."""
    made = imagewire.Client(target, api_key=key)

    def large(model: str) -> int:
        return sum(len(chunk.data) for _, chunk in made.chat.create(model).append(PROMPT).stream())

    return lambda model: len(made.draw(PROMPT, model=model).data), large


def stub(target: str, key: str) -> tuple[Drawing, Drawing]:
    """The same."""
    channel = grpc.insecure_channel(target, [("grpc.max_receive_message_length", 64 << 20)])
    made, metadata = chat_service_pb2_grpc.ChatServiceStub(channel), (("authorization", f"Bearer {key}"),)

    def spec(model: str) -> spec_pb2.Spec:
        said = message_pb2.ChatMessage(role=message_pb2.ROLE_USER, content=PROMPT)
        return spec_pb2.Spec(model=model, messages=[said])

    def small(model: str) -> int:
        answer = made.CreateCompletion(chat.CreateCompletionRequest(spec=spec(model)), metadata=metadata)
        return len(answer.candidates[0].message.image.data)

    def large(model: str) -> int:
        events = made.StreamCompletion(chat.StreamCompletionRequest(spec=spec(model)), metadata=metadata)
        return sum(len(event.image_chunk.data) for event in events)

    return small, large


def measure(draw: Drawing, model: str, seconds: float) -> tuple[float, int, int]:
    """Draw for so many seconds: the CPU seconds and the bytes of all pictures, and how many there were."""
    begun, before, size, count = time.monotonic(), time.process_time(), 0, 0
    while not count or time.monotonic() - begun < seconds:
        size, count = size + draw(model), count + 1
    return time.process_time() - before, size, count


def main() -> None:
    """The command."""
    ways = {"client": client, "stub": stub}
    small, large = ways[sys.argv[1]](os.environ["BENCH_TARGET"], os.environ["BENCH_KEY"])
    seconds = float(os.environ["BENCH_SECONDS"])
    measure(small, os.environ["BENCH_SMALL"], seconds)
    used, size, count = measure(small, os.environ["BENCH_SMALL"], seconds)
    seen = {"call_ms": 1000 * used / count, "small_bytes": size / count}
    measure(large, os.environ["BENCH_LARGE"], 0)
    used, size, count = measure(large, os.environ["BENCH_LARGE"], seconds)
    print(json.dumps({**seen, "mb_per_cpu": size / 1e6 / used, "large_bytes": size / count}))


if __name__ == "__main__":
    main()
