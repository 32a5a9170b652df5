"""buf curl and curl draw: by Connect and gRPC-Web on the REST port, by gRPC on its own."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compat.conftest import MODEL, missing, needs, sha256_of
from tests.integration import processes

ROOT = Path(__file__).parents[2]
CHAT = "imagewire.v1.ChatService"
ASKED = {"spec": {"model": MODEL, "messages": [{"role": "ROLE_USER", "parts": [{"text": "A banana"}]}]}}


@pytest.fixture(scope="module")
def emulator() -> Iterator[processes.Program]:
    with processes.emulator() as made:
        yield made


@pytest.fixture(scope="module")
def server(emulator: processes.Program) -> Iterator[processes.Program]:
    with processes.server(emulator.address, master_key="sk-connect", reflection="open") as made:
        yield made


def buf(url: str, asked: Any, *options: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("buf")
    if not program.exists():
        missing("buf: run make test, which installs buf-bin")
    command = [program, "curl", *options, "--header", "authorization: Bearer sk-connect", "--data", json.dumps(asked)]
    return subprocess.run([*command, url], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def printed(text: str) -> list[Any]:
    """The JSON objects of an output."""
    found, at, decoder = [], 0, json.JSONDecoder()
    while at < len(text):
        one, at = decoder.raw_decode(text, at)
        found.append(one)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


@pytest.mark.parametrize(
    "options",
    [
        ("--protocol", "connect", "--schema", "protos"),
        ("--protocol", "grpcweb", "--schema", "protos"),
        ("--protocol", "grpc", "--http2-prior-knowledge", "--schema", "protos"),
        ("--protocol", "grpc", "--http2-prior-knowledge"),
    ],
    ids=["connect", "grpcweb", "grpc", "grpc with reflection"],
)
def test_buf_curl_draws_a_streamed_picture(
    server: processes.Program, emulator: processes.Program, options: tuple[str, ...]
) -> None:
    base = f"http://{server.address}" if "grpc" in options else server.rest
    ended = buf(f"{base}/{CHAT}/StreamCompletion", ASKED, *options)
    assert ended.returncode == 0, ended.stderr
    events = printed(ended.stdout)
    data = b"".join(base64.b64decode(event["imageChunk"]["data"]) for event in events if "imageChunk" in event)
    assert hashlib.sha256(data).hexdigest() == processes.ledger(emulator.address)[-1]["images"][0]["sha256"]


@pytest.mark.parametrize("protocol", ["connect", "grpcweb"])
def test_buf_curl_shows_what_is_wrong(server: processes.Program, protocol: str) -> None:
    wrong = {"spec": {**ASKED["spec"], "model": ""}}
    ended = buf(f"{server.rest}/{CHAT}/CreateCompletion", wrong, "--protocol", protocol, "--schema", "protos")
    error = json.loads(ended.stderr)
    assert ended.returncode != 0
    assert (error["code"], error["message"]) == ("invalid_argument", "spec.model: is required")
    assert {detail["type"] for detail in error["details"]} >= {"google.rpc.ErrorInfo", "google.rpc.BadRequest"}


def test_curl_draws_with_json_alone(server: processes.Program, emulator: processes.Program) -> None:
    headers = ("-H", "content-type: application/json", "-H", "authorization: Bearer sk-connect")
    url = f"{server.rest}/{CHAT}/CreateCompletion"
    command = [needs("curl"), "-sS", "--fail", *headers, "-d", json.dumps(ASKED), url]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    image = json.loads(ended.stdout)["candidates"][0]["message"]["image"]
    drawn = processes.ledger(emulator.address)[-1]["images"][0]["sha256"]
    assert sha256_of(image["data"]) == drawn
