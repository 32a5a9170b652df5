"""What requests may name that the server's credentials open: it depends on who can call."""

import grpc
import pytest

from imagewire_server.config.callers import named
from imagewire_server.config.load import Config
from imagewire_server.config.settings import Settings
from imagewire_server.contract import pb
from tests.conftest import running_stack, spec

PICTURE = pb.Image(uri="gs://bucket/pictures/a.png", mime_type="image/png")


@pytest.mark.parametrize(
    ("key", "grpc_address", "rest", "found"),
    [
        ("", "127.0.0.1:50051", "127.0.0.1:4000", None),
        ("", "unix:/run/imagewire.sock", "off", None),
        ("", "[::1]:50051", "localhost:4000", None),
        ("", "0.0.0.0:50051", "127.0.0.1:4000", ()),
        ("", "127.0.0.1:50051", "[::]:4000", ()),
        ("", "example.com:50051", "off", ()),
        ("master", "0.0.0.0:50051", "0.0.0.0:4000", None),
    ],
)
def test_d11_by_default_strangers_name_nothing(
    key: str, grpc_address: str, rest: str, found: tuple[str, ...] | None
) -> None:
    config = Config(Settings(grpc=grpc_address, rest=rest), master_key=key)
    assert named("auto", config) == found
    assert named("any", config) is None
    assert named("none", config) == ()
    assert named("a, gs://b/c/ ,files/*", config) == ("a", "b/c/", "files/*")


async def test_d11_a_bucket_is_named_only_where_it_may_be() -> None:
    given = spec("vertex_ai/gemini-2.5-flash-image")
    given.messages.add(role=pb.Role.ROLE_USER, image=PICTURE)
    async with running_stack(allowed_buckets="other, bucket/pictures") as stack:
        await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=given))
    async with running_stack(allowed_buckets="other") as stack:
        with pytest.raises(grpc.aio.AioRpcError, match=r"spec.messages\[1\].image.uri: names a bucket"):
            await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=given))
        assert stack.emulator.ledger.entries == []
