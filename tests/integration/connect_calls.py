"""Calls by Connect and gRPC-Web, as bytes, and what they answer."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from imagewire_server.contract import pb

CHAT, MODELS, IMAGES = (f"/imagewire.v1.{name}Service" for name in ("Chat", "Model", "Image"))
STREAM, CREATE, RESUME = (f"{CHAT}/{name}Completion" for name in ("Stream", "Create", "Resume"))
MODEL = "gemini-2.5-flash-image"

JSON, PROTO = {"content-type": "application/json"}, {"content-type": "application/proto"}
CONNECT_JSON = {"content-type": "application/connect+json"}
CONNECT = {"content-type": "application/connect+proto"}
WEB = {"content-type": "application/grpc-web+proto"}


def spec(prompt: str = "a fox", model: str = MODEL) -> pb.Spec:
    """A request's spec."""
    message = pb.ChatMessage(role=pb.Role.ROLE_USER, parts=[pb.Part(text=prompt)])
    return pb.Spec(model=model, messages=[message])


def enveloped(message: pb.ProtoMessage | bytes, flags: int = 0) -> bytes:
    """A message in its envelope."""
    data = message if isinstance(message, bytes) else message.SerializeToString()
    return bytes((flags,)) + len(data).to_bytes(4, "big") + data


def envelopes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The envelopes of a body: their flags and their messages."""
    while data:
        size = int.from_bytes(data[1:5], "big")
        assert len(data) >= 5 + size
        yield data[0], data[5 : 5 + size]
        data = data[5 + size :]


def messages(answer: httpx.Response) -> tuple[list[bytes], dict[str, Any]]:
    """The messages of a stream, and Connect's end of it or gRPC-Web's trailers."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == answer.request.headers["content-type"]
    *found, (flags, last) = envelopes(answer.content)
    assert {flags for flags, _ in found} <= {0}
    if answer.headers["content-type"].startswith("application/connect"):
        assert flags == 2
        return [data for _, data in found], json.loads(last)
    assert flags == 0x80
    return [data for _, data in found], dict(line.split(": ", 1) for line in last.decode().split("\r\n") if line)


def picture(events: list[pb.Event]) -> bytes:
    """The bytes of the picture that events carry."""
    singles = [one for event in events for one in (event, *event.more)]
    return b"".join(one.image_chunk.data for one in singles if one.HasField("image_chunk"))


def status_of(end: dict[str, Any]) -> Status:
    """The status of gRPC-Web's trailers."""
    return Status.FromString(base64.b64decode(end["grpc-status-details-bin"] + "==="))


def told(error: dict[str, Any]) -> tuple[str, str, str]:
    """Of Connect's error: its code, its reason, and the first wrong field."""
    values = {one["type"]: base64.b64decode(one["value"] + "===") for one in error["details"]}
    info = ErrorInfo.FromString(values["google.rpc.ErrorInfo"])
    assert info.domain == "imagewire.dev"
    bad = BadRequest.FromString(values.get("google.rpc.BadRequest", b"")).field_violations
    return error["code"], info.reason, bad[0].field if bad else ""


def written(path: str, content: bytes, headers: dict[str, str]) -> bytes:
    """A whole request, for a connection that a test reads from by itself."""
    lines = [f"POST {path} HTTP/1.1", "host: localhost", f"content-length: {len(content)}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content
