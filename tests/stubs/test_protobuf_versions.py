"""The Python stubs with each line of protobuf that the client may be installed with, each in a folder of its own.

With 6.31 come the lowest versions of all that the client needs, gRPC among them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.conftest import missing

CLIENT = Path(__file__).parents[2] / "clients/python"
LOCKS = sorted((Path(__file__).parent / "python").glob("protobuf-*.lock"))

PROGRAM = """
import google.protobuf
from google.protobuf import json_format
from imagewire.v1 import chat_service_pb2 as chat, chat_service_pb2_grpc
from imagewire.v1 import error_reason_pb2, image_pb2, image_service_pb2, image_service_pb2_grpc, message_pb2
from imagewire.v1 import model_service_pb2, model_service_pb2_grpc, spec_pb2, usage_pb2

user = message_pb2.ChatMessage(role=message_pb2.ROLE_USER, content="A banana")
spec = spec_pb2.Spec(model="gemini/gemini-2.5-flash-image", messages=[user])
request = chat.StreamCompletionRequest(spec=spec)
event = chat.StreamCompletionResponse(sequence=3, image_chunk=chat.ImageChunk(offset=5, data=bytes(range(256))))
for message in (request, event):
    kind = type(message)
    assert kind.FromString(message.SerializeToString()) == message
    assert json_format.Parse(json_format.MessageToJson(message), kind()) == message
assert event.WhichOneof("event") == "image_chunk"
assert error_reason_pb2.ErrorReason.Name(0) == "ERROR_REASON_UNSPECIFIED"
assert hasattr(chat_service_pb2_grpc, "ChatServiceStub")
print(google.protobuf.__version__)
"""


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_the_stubs_are_imported_and_their_messages_come_back(lock: Path, tmp_path: Path) -> None:
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", tmp_path, "-r", lock]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)
    if installed.returncode:
        missing(f"{lock.stem} of the package registry: {installed.stderr.strip()[-200:]}")
    # Before the environment's own packages.
    path = os.pathsep.join((str(tmp_path), str(CLIENT)))
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert f"protobuf=={ended.stdout.strip()} " in lock.read_text()


def test_each_line_that_the_client_takes_is_here() -> None:
    assert [lock.stem for lock in LOCKS] == ["protobuf-6.31", "protobuf-6.33", "protobuf-7"]
