"""The program around the service: reflection, health, drain, and what it says when it cannot start."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from PIL import Image

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests import forked
from tests.conftest import Stack, spec
from tests.integration import processes

_SERVICES = {
    "grpc.channelz.v1.Channelz",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "imagewire.v1.ChatService",
    "imagewire.v1.ImageService",
    "imagewire.v1.ModelService",
}


async def _reflect(stack: Stack, version: str, **ask: str) -> reflection_pb2.ServerReflectionResponse:
    call = stack.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )

    async def asking() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(**ask)

    async for answer in call(asking()):
        return answer
    raise AssertionError("no answer")


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_lists_and_describes_every_service(stack: Stack, version: str) -> None:
    listed = await _reflect(stack, version, list_services="")
    names = {service.name for service in listed.list_services_response.service}
    assert names == _SERVICES
    for name in names:
        described = await _reflect(stack, version, file_containing_symbol=name)
        assert described.file_descriptor_response.file_descriptor_proto, name


def test_a_stranger_with_buf_curl_can_list_and_call() -> None:
    with processes.emulator() as emulator, processes.server(emulator.address) as server:
        url = f"http://{server.address}"
        buf = ["buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge"]
        environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        listed = subprocess.run([*buf, "--list-services", url], capture_output=True, text=True, check=True, env=environ)
        assert set(listed.stdout.split()) == _SERVICES
        called = subprocess.run(
            [*buf, "-d", '{"name": "gemini/gemini-3-pro-image"}', f"{url}/imagewire.v1.ModelService/GetModel"],
            capture_output=True,
            text=True,
            check=True,
            env=environ,
        )
        assert json.loads(called.stdout)["model"]["imageSizes"] == {"values": ["1K", "2K", "4K"]}


async def test_channelz_knows_the_server(stack: Stack) -> None:
    await stack.models.ListModels(pb.ListModelsRequest())
    answer = await channelz_pb2_grpc.ChannelzStub(stack.channel).GetServers(channelz_pb2.GetServersRequest())
    assert max(server.data.calls_succeeded for server in answer.server) >= 1


async def test_health_answers_serving_for_every_service(stack: Stack) -> None:
    health = health_pb2_grpc.HealthStub(stack.channel)
    for name in ("", "imagewire.v1.ChatService", "imagewire.v1.ModelService", "imagewire.v1.ImageService"):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.aio.AioRpcError) as unknown:
        await health.Check(health_pb2.HealthCheckRequest(service="other"))
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND


async def test_heartbeats_cross_a_silence_and_keep_the_number() -> None:
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, heartbeat_interval="0.05") as server,
    ):
        async with grpc.aio.insecure_channel(server.address) as channel:
            stub = chat_service_pb2_grpc.ChatServiceStub(channel)
            request = pb.StreamCompletionRequest(spec=spec("gemini/emulator-latency-400"))
            events = [event async for event in stub.StreamCompletion(request)]
    beats = [event.HasField("heartbeat") for event in events]
    assert all(beats[:3])  # a busy machine may be silent once more, later
    for before, event in pairwise(events):
        if event.HasField("heartbeat"):
            assert event.sequence == before.sequence
    assert events[0].sequence == 0
    numbers = [event.sequence for event in events if event.WhichOneof("event") not in {"heartbeat", "image_chunk"}]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_demo_draws_a_picture_that_the_ledger_knows_beside_an_earlier_one(tmp_path: Path) -> None:
    earlier = tmp_path / "a-banana-wearing-a-costume-that-says-imagewire.png"
    earlier.write_bytes(b"earlier")
    ended = forked.run(
        [sys.executable, "-m", "imagewire_server", "demo"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    said = dict(re.findall(r"^(\S.*?) {2,}(.+)$", ended.stdout, re.MULTILINE))
    assert earlier.read_bytes() == b"earlier"
    file = tmp_path / said["file"]
    data = file.read_bytes()
    assert said["sha256"] == hashlib.sha256(data).hexdigest()
    assert said["in the emulator's ledger"] == "the same"
    assert int(said["frames"]) > 1
    with Image.open(file) as picture:
        picture.load()
    assert ended.stderr == ""


def test_the_demo_opens_the_page(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "opened $1"\n')
    browser.chmod(0o755)
    process = forked.Popen(
        [sys.executable, "-m", "imagewire_server", "demo", "--open"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "BROWSER": f"{browser} %s", "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        said = ""
        while "opened http" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        (url,) = re.findall(r"opened (http://127\.0\.0\.1:\d+/)", said)
        with urllib.request.urlopen(url) as page:  # noqa: S310  # loopback
            assert b"main-" in page.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--workers", "1", "--no-rest", "--grpc", "ADDRESS"),
        ("serve", "--workers", "1", "--grpc", "127.0.0.1:0", "--rest", "ADDRESS"),
        ("serve", "--workers", "2", "--no-rest", "--grpc", "ADDRESS"),
        ("serve", "--workers", "1", "--no-rest", "--grpc", "127.0.0.1:0", "--admin", "ADDRESS"),
        ("serve", "--workers", "2", "--no-rest", "--grpc", "127.0.0.1:0", "--admin", "ADDRESS"),
        ("emulate", "--port", "PORT"),
    ],
)
def test_an_address_in_use_is_an_error_with_a_remedy(arguments: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = [word.replace("ADDRESS", f"127.0.0.1:{port}").replace("PORT", str(port)) for word in arguments]
        ended = forked.run(
            [sys.executable, "-m", "imagewire_server", *words],
            capture_output=True,
            text=True,
            env={**os.environ, "GEMINI_API_KEY": "any"},
            check=False,
        )
    (line,) = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert ended.returncode == 2
    assert line.startswith("imagewire-server: cannot serve ")
    assert f"127.0.0.1:{port}" in line
    assert "stop the program that uses it" in line


def _serve(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key != "GEMINI_API_KEY"}
    return forked.run(
        [sys.executable, "-m", "imagewire_server", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**clean, **environ},
        check=False,
    )


def test_without_a_key_it_says_what_to_do_next() -> None:
    ended = _serve()
    assert ended.returncode == 2
    assert all(word in ended.stderr for word in ("GEMINI_API_KEY", "--config", "--demo"))
    assert "Traceback" not in ended.stderr


def test_d1_of_two_files_none_is_dropped(tmp_path: Path) -> None:
    for name, text in (("a", "general_settings: {master_key: sk-right}"), ("b", "")):
        (tmp_path / name).write_text(text)
    ended = _serve("--config", str(tmp_path / "a"), f"--config={tmp_path / 'b'}", GEMINI_API_KEY="x")
    assert ended.returncode == 2
    assert "put everything into one file" in ended.stderr


def test_demo_serves_pictures_and_says_that_it_is_one() -> None:
    process = forked.Popen(
        [sys.executable, "-m", "imagewire_server", "serve", "--demo", "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert "emulator" in process.stderr.readline()
        address = json.loads(process.stderr.readline())["grpc"]
        with grpc.insecure_channel(address) as channel:
            stub = chat_service_pb2_grpc.ChatServiceStub(channel)
            events = list(stub.StreamCompletion(pb.StreamCompletionRequest(spec=spec())))
        assert events[-1].HasField("finished")
        process.send_signal(signal.SIGINT)
        log = process.stderr.read()
        assert "A banana" not in log
        assert "emulator-key" not in log
        line = next(json.loads(row) for row in log.splitlines() if json.loads(row)["event"] == "call")
        assert (line["code"], line["tried"], line["finish_reason"]) == ("OK", ["gemini=OK"], "STOP")
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


async def test_a_callers_request_id_is_kept_unless_it_is_no_id(stack: Stack) -> None:
    for given, kept in (("mine-1", True), ("two words", False)):
        call = stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec()), metadata=(("x-request-id", given),))
        async for _ in call:
            pass
        trailers = dict(await call.trailing_metadata())
        assert (trailers["x-imagewire-request-id"] == given) is kept
