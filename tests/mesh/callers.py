"""Replicas of the server, and who calls them through Envoy. Nobody repeats a call but Envoy."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

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


class RestError(Exception):
    """A call of REST that failed. status: of HTTP; repeat: what x-should-retry says; code: of the error.

    A stream that has begun has 200, and tells its error by an event.
    """

    def __init__(self, answer: httpx.Response, error: dict[str, str]) -> None:
        super().__init__(answer.status_code, error)
        self.status, self.repeat, self.code = answer.status_code, answer.headers.get("x-should-retry"), error["code"]


@dataclass(frozen=True)
class Rest:
    """A client of OpenAI's REST."""

    mesh: Envoy

    def create(self, model: str) -> None:
        """Draw in one answer."""
        answer = self._post(model, stream=False)
        _check(answer.json()["choices"][0]["message"]["images"][-1])

    def stream(self, model: str) -> None:
        """Draw in events."""
        answer = self._post(model, stream=True)
        *events, last = [line.removeprefix("data: ") for line in answer.text.split("\n") if line.startswith("data: ")]
        if last != "[DONE]":
            raise RestError(answer, json.loads(last)["error"])
        choices = [choice for event in events for choice in json.loads(event)["choices"]]
        _check([image for choice in choices for image in choice["delta"].get("images", ())][-1])

    def _post(self, model: str, *, stream: bool) -> httpx.Response:
        asked = {"model": model, "messages": [{"role": "user", "content": "A banana"}], "stream": stream}
        url = f"http://{self.mesh.address}/v1/chat/completions"
        answer = httpx.post(url, json=asked, timeout=_PATIENCE, trust_env=False)
        if answer.status_code != 200:
            raise RestError(answer, answer.json()["error"])
        return answer


def _check(image: Any) -> None:
    """Fail where a picture is not whole: a PNG has its end at its end."""
    head, _, data = image["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data, validate=True).endswith(b"IEND\xaeB`\x82")
