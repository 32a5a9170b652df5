"""A server without a file descriptor left: no provider is blamed, callers are told, and it recovers at once."""

import base64
import contextlib
import errno
import http.client
import json
import resource
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from imagewire_server.transport.image_fetch import ImageFetcher
from tests.conftest import running_stack, spec
from tests.integration import processes
from tests.integration.status import told

pytestmark = pytest.mark.system

CONFIG = """\
model_list:
  - model_name: draw
    litellm_params: {model: gemini/gemini-2.5-flash-image, api_key: emulator-key}
  - model_name: draw
    litellm_params: {model: gemini/gemini-2.5-flash-image, api_key: emulator-key}
  - model_name: named
    litellm_params: {model: gemini/m, api_key: emulator-key, api_base: "http://no-such-host.invalid"}
router_settings: {allowed_fails: 0, cooldown_time: 3600, num_retries: 0}
"""


@pytest.fixture
def emulator() -> Iterator[processes.Program]:
    with processes.emulator() as made:
        yield made


@pytest.fixture
def served(tmp_path: Path, emulator: processes.Program) -> Iterator[processes.Program]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    with processes.server(emulator.address, "--config", str(file)) as server:
        yield server


@contextlib.contextmanager
def exhausted(server: processes.Program) -> Iterator[None]:
    """No file can be opened meanwhile."""
    pid = server.process.pid
    taken = {int(file.name) for file in Path(f"/proc/{pid}/fd").iterdir()}
    least = next(number for number in range(10**6) if number not in taken)
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (least, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def draw(channel: grpc.Channel, name: str = "draw", *, ready: bool = False) -> None:
    request = pb.CreateCompletionRequest(spec=spec(name, response_modalities=[pb.Modality.MODALITY_TEXT]))
    chat_service_pb2_grpc.ChatServiceStub(channel).CreateCompletion(request, timeout=30, wait_for_ready=ready)


def asked(rest: http.client.HTTPConnection, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any, Any]:
    rest.request(
        "POST" if body else "GET", path, json.dumps(body) if body else None, {"content-type": "application/json"}
    )
    answer = rest.getresponse()
    return answer.status, json.loads(answer.read()), answer.headers


@pytest.mark.parametrize("name", ["draw", "named"])
def test_d14_own_exhaustion_cools_no_deployment(
    served: processes.Program, emulator: processes.Program, name: str
) -> None:
    rest = http.client.HTTPConnection(served.rest.removeprefix("http://"))
    with grpc.insecure_channel(served.address) as channel, contextlib.closing(rest):
        asked(rest, "/health")  # now both connections stand
        grpc.channel_ready_future(channel).result(30)
        with exhausted(served):
            for _ in range(4):
                with pytest.raises(grpc.RpcError) as failed:
                    draw(channel, name)
                said = told(failed.value)
                assert (said.code, said.info.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
                assert "file descriptors" in said.message
                assert said.retry.retry_delay.seconds == 1
                chat = {"model": name, "messages": [{"role": "user", "content": "A banana"}]}
                status, _, headers = asked(rest, "/v1/chat/completions", chat)
                assert (status, headers["retry-after"]) == (429, "1")
            assert asked(rest, "/health")[1]["unhealthy_count"] == 0
            assert served.log_line("call")["charged"] == "no"
        assert processes.ledger(emulator.address) == []
        draw(channel)
        assert asked(rest, "/health")[1]["unhealthy_count"] == 0


def test_d14_a_server_that_can_take_connections_again_does(served: processes.Program) -> None:
    rest_address = served.rest.removeprefix("http://")
    with grpc.insecure_channel(served.address) as channel, contextlib.ExitStack() as stack:
        draw(channel)
        with exhausted(served):
            for address in (served.address, rest_address):
                host, _, port = address.rpartition(":")
                waiting = [stack.enter_context(socket.create_connection((host, int(port)), 10)) for _ in range(20)]
            draw(channel)  # those that stand are served
            assert served.process.poll() is None
        # Of those that came meanwhile REST may have closed some, which is as good as a refusal.
        for connection in waiting:
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\n\r\n")
                assert connection.recv(100)[:15] in {b"HTTP/1.1 200 OK", b""}
        with grpc.insecure_channel(served.address, [("grpc.use_local_subchannel_pool", 1)]) as another:
            draw(another, ready=True)
        with contextlib.closing(http.client.HTTPConnection(rest_address, timeout=10)) as rest:
            assert asked(rest, "/health")[0] == 200


def test_d14_a_picture_that_is_being_drawn_arrives_without_a_file_to_keep_it_in(served: processes.Program) -> None:
    # REST keeps a picture over 512 KiB in a file, to write it once more.
    chat = {"model": "draw", "messages": [{"role": "user", "content": "A banana"}]}
    with contextlib.closing(http.client.HTTPConnection(served.rest.removeprefix("http://"), timeout=60)) as rest:
        asked(rest, "/v1/chat/completions", chat)  # the connection to the provider stands
        with exhausted(served):
            status, answer, _ = asked(rest, "/v1/chat/completions", chat)
        assert status == 200
        message = answer["choices"][0]["message"]
        picture = base64.b64decode(message["image"]["url"].partition(",")[2])
        assert len(picture) > 512 * 1024
        assert message["images"][-1]["image_url"]["url"] == message["image"]["url"]
        assert served.log_line("no space in the folder of temporary files")["errno"] == "EMFILE"


async def test_d14_own_exhaustion_while_a_picture_is_fetched() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError(errno.EMFILE, "Too many open files")

    pictures = [{"type": "image_url", "image_url": {"url": f"https://host.example/{n}.png"}} for n in range(3)]
    async with running_stack(rest=True, fetcher=ImageFetcher(resolve=resolve)) as stack:
        chat = {"model": "gemini/gemini-2.5-flash-image", "messages": [{"role": "user", "content": pictures}]}
        answer = await stack.rest.post("/v1/chat/completions", json=chat)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert answer.json()["error"]["code"] == "overloaded"
        assert stack.emulator.ledger.entries == []
