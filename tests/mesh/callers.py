"""Replicas of the server, and who calls them through Envoy. Nobody repeats a call but Envoy."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
import httpx

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.integration import processes
from tests.mesh.envoy import Envoy

# Each replica has an address of its own, so that nothing takes its ports while it is down.
FIRST, SECOND = "127.0.0.2", "127.0.0.3"
_PATIENCE = 250.0


@contextmanager
def replica(emulator: str, grpc_address: str, rest_address: str, **settings: str) -> Iterator[processes.Program]:
    """A server with as many workers as by default. At the end it is asked to stop, and stops by itself."""
    addresses = ("--grpc", grpc_address, "--rest", rest_address)
    with processes.server(emulator, *addresses, "--workers", "0", **settings) as program:
        yield program
        program.ask_to_stop()
        assert program.process.wait(60) == 0


@dataclass(frozen=True)
class Grpc:
    """A gRPC client."""

    chat: chat_service_pb2_grpc.ChatServiceStub

    def create(self, model: str) -> None:
        """Draw in one message."""
        answer = self.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec(model)), timeout=_PATIENCE)
        image = answer.candidates[0].message.image
        assert hashlib.sha256(image.data).digest() == image.sha256

    def stream(self, model: str) -> None:
        """Draw in events; what has come must be whole."""
        picture, ended = hashlib.sha256(), False
        for event in self.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec(model)), timeout=_PATIENCE):
            picture.update(event.image_chunk.data)
            if event.part_finished.HasField("image"):
                assert picture.digest() == event.part_finished.image.sha256
            ended = event.HasField("finished")
        assert ended


@contextmanager
def grpc_client(mesh: Envoy) -> Iterator[Grpc]:
    """A client on one connection to Envoy."""
    with grpc.insecure_channel(mesh.address, options=[("grpc.enable_retries", 0)]) as channel:
        yield Grpc(chat_service_pb2_grpc.ChatServiceStub(channel))


@dataclass(frozen=True)
class Rest:
    """A client of OpenAI's REST."""

    mesh: Envoy

    def create(self, model: str) -> None:
        """Draw in one answer."""
        answer = json.loads(self._post(model, stream=False))
        assert answer["choices"][0]["message"]["images"]

    def stream(self, model: str) -> None:
        """Draw in events."""
        answer = self._post(model, stream=True)
        assert answer.endswith(b"data: [DONE]\n\n")
        assert b"data:image/png;base64," in answer

    def _post(self, model: str, *, stream: bool) -> bytes:
        asked = {"model": model, "messages": [{"role": "user", "content": "A banana"}], "stream": stream}
        url = f"http://{self.mesh.address}/v1/chat/completions"
        return httpx.post(url, json=asked, timeout=_PATIENCE, trust_env=False).raise_for_status().content
