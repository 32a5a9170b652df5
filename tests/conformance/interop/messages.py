"""The messages of gRPC's interop tests, in a pool of their own."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc

HERE = Path(__file__).parent
SERVICE = "grpc.testing.TestService"


@cache
def message(name: str) -> Any:
    """A message's class: "SimpleRequest"."""
    return GetMessageClass(_pool().FindMessageTypeByName(f"grpc.testing.{name}"))


@cache
def _pool() -> DescriptorPool:
    with TemporaryDirectory() as folder:
        made = Path(folder) / "set.bin"
        assert protoc.main(["", f"-I{HERE}", f"--descriptor_set_out={made}", "testing.proto"]) == 0
        (file,) = FileDescriptorSet.FromString(made.read_bytes()).file
    pool = DescriptorPool()
    pool.Add(file)
    return pool
