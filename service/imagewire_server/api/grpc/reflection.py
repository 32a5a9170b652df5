"""Server reflection, v1alpha by the package and v1, which it lacks: the two differ in their package name only."""

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_reflection.v1alpha import reflection, reflection_pb2

from imagewire_server.api.grpc.handlers import MethodHandlers

_OLD, _NEW = "grpc.reflection.v1alpha", "grpc.reflection.v1"
REFLECTION = (f"{_OLD}.ServerReflection", f"{_NEW}.ServerReflection")


def add_reflection(services: MethodHandlers, served: tuple[str, ...]) -> None:
    """Serve reflection of `served`, itself among them, under both names."""
    _describe_v1()
    handler = grpc.stream_stream_rpc_method_handler(
        reflection.aio.ReflectionServicer(served).ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    for service in REFLECTION:
        services.add_registered_method_handlers(service, {"ServerReflectionInfo": handler})


def _describe_v1() -> None:
    """Put v1's descriptor into the pool, so that v1 can describe itself."""
    file = descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(file)
    file.name = "grpc/reflection/v1/reflection.proto"
    file.package = _NEW
    for message in file.message_type:
        for field in (field for field in message.field if field.type_name):
            field.type_name = field.type_name.replace(f".{_OLD}.", f".{_NEW}.")
    for method in file.service[0].method:
        method.input_type = method.input_type.replace(f".{_OLD}.", f".{_NEW}.")
        method.output_type = method.output_type.replace(f".{_OLD}.", f".{_NEW}.")
    descriptor_pool.Default().Add(file)
