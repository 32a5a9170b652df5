"""The methods of our services, by their paths, as an API needs them that does not take them from generated code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2

from imagewire.v1 import chat_service_pb2, image_service_pb2, model_service_pb2
from imagewire_server.contract import pb
from imagewire_server.core.access.caller import Permission
from imagewire_server.services.chat import ChatService
from imagewire_server.services.health import HealthService
from imagewire_server.services.images import ImageService
from imagewire_server.services.models import ModelService

# What the methods of a service need.
PERMISSIONS = {
    "imagewire.v1.ChatService": Permission.DRAW,
    "imagewire.v1.ImageService": Permission.IMAGES,
    "imagewire.v1.ModelService": Permission.MODELS,
}


HEALTH_CHECK = "/grpc.health.v1.Health/Check"


@dataclass(frozen=True, slots=True)
class Method:
    """A method. behaviour: called with its request, or an async iterator of them, and a Context; returns its answer.

    The answer of a stream is the last of its messages, serialized.
    """

    path: str
    permission: Permission
    request: type[pb.ProtoMessage]
    answer: type[pb.ProtoMessage]
    takes_stream: bool
    sends_stream: bool
    behaviour: Callable[..., Any]


def methods(
    chat: ChatService, images: ImageService, models: ModelService, ready: Callable[[], bool]
) -> Mapping[str, Method]:
    """Every method of these services, and the health service's Check, which needs no key. ready: what that says."""
    files = ((chat_service_pb2, "ChatService", chat), (image_service_pb2, "ImageService", images))
    check = HealthService(ready, PERMISSIONS).Check
    asked, answered = health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse
    found = {HEALTH_CHECK: Method(HEALTH_CHECK, Permission.NONE, asked, answered, False, False, check)}
    for file, name, service in (*files, (model_service_pb2, "ModelService", models)):
        described = file.DESCRIPTOR.services_by_name[name]
        for method in described.methods:
            path = f"/{described.full_name}/{method.name}"
            found[path] = Method(
                path,
                PERMISSIONS[described.full_name],
                GetMessageClass(method.input_type),
                GetMessageClass(method.output_type),
                method.client_streaming,
                method.server_streaming,
                getattr(service, method.name),
            )
    return found
