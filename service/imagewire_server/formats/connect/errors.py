"""How each protocol says that a call has failed, and what it sends at the end of a stream."""

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from google.protobuf.json_format import MessageToDict
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

from imagewire_server.contract.code import Code
from imagewire_server.formats.connect.envelope import END, WEB_TRAILERS, head

Metadata = Sequence[tuple[str, str]]

_DETAILS = {kind.DESCRIPTOR.full_name: kind for kind in (BadRequest, ErrorInfo, RequestInfo, RetryInfo)}
# What stands in a grpc-message as it is.
_PLAIN = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def body(status: Status) -> bytes:
    """The answer of a unary call of Connect that has failed."""
    return msgspec.json.encode(_error(status))


def end_of_stream(status: Status | None, metadata: Metadata) -> bytes:
    """The last envelope of a stream of Connect. status: None if it has succeeded."""
    made: dict[str, Any] = {}
    if status is not None:
        made["error"] = _error(status)
    if metadata:
        named: dict[str, list[str]] = {}
        for name, value in metadata:
            named.setdefault(name, []).append(value)
        made["metadata"] = named
    text = msgspec.json.encode(made)
    return head(len(text), END) + text


def web_trailers(status: Status | None, metadata: Metadata) -> bytes:
    """The last envelope of gRPC-Web. status: None for success."""
    lines = [("grpc-status", str(status.code if status is not None else 0))]
    if status is not None:
        lines.append(("grpc-message", quote(status.message, safe=_PLAIN)))
        lines.append(("grpc-status-details-bin", _unpadded(status.SerializeToString())))
    text = "".join(f"{name}: {value}\r\n" for name, value in (*lines, *metadata)).encode("ascii", "replace")
    return head(len(text), WEB_TRAILERS) + text


def _error(status: Status) -> dict[str, Any]:
    name = Code(status.code).name.lower()
    made: dict[str, Any] = {"code": "canceled" if name == "cancelled" else name, "message": status.message}
    if status.details:
        made["details"] = [_detail(detail.type_url.rpartition("/")[2], detail.value) for detail in status.details]
    return made


def _detail(name: str, value: bytes) -> dict[str, Any]:
    """debug: the same for people; clients that know the type read `value`."""
    found: dict[str, Any] = {"type": name, "value": _unpadded(value)}
    if name in _DETAILS:
        found["debug"] = MessageToDict(_DETAILS[name].FromString(value))
    return found


def _unpadded(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")
