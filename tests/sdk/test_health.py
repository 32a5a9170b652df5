"""The health check's messages are those of gRPC's own package, which the client does without."""

import pytest
from google.protobuf.empty_pb2 import Empty
from grpc_health.v1.health_pb2 import DESCRIPTOR, HealthCheckRequest, HealthCheckResponse

from imagewire._grpc.health import CHECK, pong

SERVING_STATUS = HealthCheckResponse.ServingStatus


def test_the_request_is_the_same_bytes() -> None:
    assert CHECK["request_serializer"](Empty()) == HealthCheckRequest().SerializeToString()
    service = DESCRIPTOR.services_by_name["Health"]
    assert CHECK["method"] == f"/{service.full_name}/{service.methods_by_name['Check'].name}"


@pytest.mark.parametrize("name", SERVING_STATUS.keys())
def test_each_status_has_its_name(name: str) -> None:
    answer = HealthCheckResponse(status=SERVING_STATUS.Value(name)).SerializeToString()
    found = pong(CHECK["response_deserializer"](answer), [("x-imagewire-version", "1")], 0.5)
    assert (found.status, found.version, found.seconds) == (name, "1", 0.5)


def test_a_status_of_a_newer_server_is_unknown() -> None:
    assert pong(CHECK["response_deserializer"](b"\x08\x09"), [], 0.0).status == "UNKNOWN"
