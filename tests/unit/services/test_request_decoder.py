"""Requests of every size are decoded alike, and refused alike by the path of what is wrong."""

import pytest

from imagewire_server.contract import limits, pb
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.core.call import Call
from imagewire_server.services.request_decoder import decoder, read

_DECODE = pb.CreateCompletionRequest.FromString
# Small, light, and large by their bytes.
SIZES = [0, limits.SMALL_BYTES, limits.LIGHT_BYTES]
_UNKNOWN = b"\xd2\x3f\x01x"  # field 1018


def request(size: int) -> pb.CreateCompletionRequest:
    image = pb.Image(data=bytes(size))
    return pb.CreateCompletionRequest(spec=pb.Spec(messages=[pb.ChatMessage(content="x", image=image)]))


@pytest.mark.parametrize("size", SIZES)
async def test_a_message_of_any_size_is_read(size: int) -> None:
    call = Call()
    assert await read(_DECODE, request(size).SerializeToString(), call) == request(size)
    assert call.large is (size >= limits.LIGHT_BYTES)


async def test_many_values_make_a_request_large() -> None:
    call = Call()
    many = pb.CreateCompletionRequest(
        spec=pb.Spec(messages=[pb.ChatMessage(content="x" * 20)] * (limits.FEW_VALUES + 1))
    )
    assert await read(_DECODE, many.SerializeToString(), call) == many
    assert call.large


async def refused(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as raised:
        await read(_DECODE, data, Call())
    return [(found.field, found.description) for found in raised.value.violations]


@pytest.mark.parametrize("size", SIZES)
async def test_an_unknown_field_is_named(size: int) -> None:
    ((path, words),) = await refused(request(size).SerializeToString() + _UNKNOWN)
    assert "1018" in path + words


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("end", [b"\x0a", b"\x0a\xff\xff", b"\x0f", b"\x00"])
async def test_bytes_that_are_no_message_are_refused(size: int, end: bytes) -> None:
    words = "the request's bytes are no valid message of this method's type"
    assert await refused(request(size).SerializeToString() + end) == [("", words)]


async def test_too_many_values_are_refused() -> None:
    message = pb.ChatMessage(content="x" * 8)
    many = pb.CreateCompletionRequest(spec=pb.Spec(messages=[message] * (limits.MOST_VALUES + 1)))
    assert limits.TOO_MANY in str(await refused(many.SerializeToString()))


def test_other_services_messages_are_decoded_or_refused() -> None:
    decoded = decoder(_DECODE)
    assert decoded(request(1).SerializeToString()) == request(1)
    with pytest.raises(InvalidRequest, match="the request: the request's bytes are no valid message"):
        decoded(b"\x0a\xff")
