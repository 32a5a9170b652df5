"""How a failure, and the end of a stream, is written."""

import base64
import json
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as Any_
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

from imagewire_server.contract.errors import Code, InvalidRequest, Overloaded, Violation
from imagewire_server.formats.connect import errors
from imagewire_server.formats.connect.envelope import END, WEB_TRAILERS, head
from imagewire_server.services.error_details import status_of

WRONG = status_of(InvalidRequest([Violation("spec.model", "is required")]), "id-1")


def _content(envelope: bytes, flags: int) -> bytes:
    assert envelope[:5] == head(len(envelope) - 5, flags)
    return envelope[5:]


def test_a_unary_error_has_its_details_in_both_forms() -> None:
    made: dict[str, Any] = json.loads(errors.body(WRONG))
    assert (made["code"], made["message"]) == ("invalid_argument", "spec.model: is required")
    detail = made["details"][-1]
    assert detail["type"] == "google.rpc.BadRequest"
    assert detail["debug"] == {"fieldViolations": [{"field": "spec.model", "description": "is required"}]}
    value = base64.b64decode(detail["value"] + "===")
    assert BadRequest.FromString(value).field_violations[0].field == "spec.model"


@pytest.mark.parametrize("code", Code)
def test_every_code_has_connects_name(code: Code) -> None:
    name = json.loads(errors.body(Status(code=code)))["code"]
    assert name == ("canceled" if code is Code.CANCELLED else code.name.lower())


def test_a_detail_of_another_type_has_its_bytes_alone() -> None:
    packed = Any_()
    packed.Pack(Duration(seconds=1))
    [detail] = json.loads(errors.body(Status(code=13, details=[packed])))["details"]
    assert detail == {"type": "google.protobuf.Duration", "value": "CAE"}


def test_a_stream_ends_with_its_metadata() -> None:
    text = _content(errors.end_of_stream(None, [("a", "1"), ("a", "2"), ("b", "3")]), END)
    assert json.loads(text) == {"metadata": {"a": ["1", "2"], "b": ["3"]}}
    assert _content(errors.end_of_stream(None, []), END) == b"{}"


def test_a_stream_fails_at_its_end() -> None:
    made = json.loads(_content(errors.end_of_stream(WRONG, []), END))
    assert made["error"] == json.loads(errors.body(WRONG))


def test_grpc_webs_trailers_are_lines() -> None:
    assert _content(errors.web_trailers(None, [("a", "1")]), WEB_TRAILERS) == b"grpc-status: 0\r\na: 1\r\n"
    busy = status_of(Overloaded("100 % busy\r\nü"), "id-1")
    lines = _content(errors.web_trailers(busy, []), WEB_TRAILERS).decode().split("\r\n")
    assert lines[:2] == ["grpc-status: 8", "grpc-message: 100 %25 busy%0D%0A%C3%BC"]
    name, value = lines[2].split(": ")
    assert name == "grpc-status-details-bin"
    assert Status.FromString(base64.b64decode(value + "===")) == busy
