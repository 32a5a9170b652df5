"""Each field of a request moves what goes upstream, or is refused by its path: over gRPC, as Google would get it."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, rest_of, running_stack
from tests.integration.request_fields import GEMINI, MOVING, REFUSED, VERTEX
from tests.integration.status import told
from tests.pictures import JPEG, PNG
from tests.upstream import Noting, answering

DRAWN = {"candidates": [{"content": {"parts": [{"text": "Here"}]}, "finishReason": "STOP"}]}


@pytest.fixture
async def served() -> AsyncIterator[tuple[Stack, Noting]]:
    """A server, and the upstream behind both of its providers."""
    upstream = Noting(json.dumps(DRAWN))
    async with (
        answering(upstream.take) as url,
        running_stack(gemini_base_url=url, vertex_base_url=url) as stack,
    ):
        yield stack, upstream


def asked(model: str, fields: dict[str, Any]) -> pb.Spec:
    return pb.Spec(**{"model": model, "messages": [{"role": 2, "content": "A banana"}], **fields})


async def drawn_both_ways(stack: Stack, spec: pb.Spec) -> None:
    """The spec, unary and streamed."""
    await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec))
    await rest_of(stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec)))


@pytest.mark.parametrize(("model", "fields", "body"), MOVING)
async def test_a_field_moves_what_goes_upstream(
    served: tuple[Stack, Noting], model: str, fields: dict[str, Any], body: dict[str, Any]
) -> None:
    stack, upstream = served
    upstream.bodies.clear()
    await drawn_both_ways(stack, asked(model, fields))
    sent = [json.loads(text) for text in upstream.bodies]
    assert [{name: one.get(name) for name in body} for one in sent] == [body, body]


@pytest.mark.parametrize(("model", "fields", "path"), REFUSED)
async def test_what_a_provider_lacks_is_refused_by_its_path_before_anything_is_drawn(
    served: tuple[Stack, Noting], model: str, fields: dict[str, Any], path: str
) -> None:
    stack, upstream = served
    upstream.bodies.clear()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked(model, fields)))
    error = told(refused.value)
    assert (error.code, error.info.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert [found.field for found in error.bad.field_violations] == [f"spec.{path}"]
    assert upstream.bodies == []


# The parts of an answer, as JSON text: what goes back must be the same text, but for blanks around the parts.
ANSWERED = [
    '{"text":"I think","thought":true,"thoughtSignature":"c2ln"}',
    '{"executableCode":{"code": "print(\\u0041)", "n": 12345678901234567890},"thoughtSignature":"c2ln"}',
    '{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1\\n"}}',
    '{"toolCall":{"id":"1","args":{"x":1.50}},"partMetadata":{"a": [1, 2]},"thoughtSignature":"c2ln"}',
    '{"kindOfNextYear":[1,{"deep":null}]}',
    '{"functionCall":{"name":"f","args":{"n":9007199254740993},"id":"1"},"thoughtSignature":"c2ln"}',
    '{"functionCall":{"name":"f","willContinue":true}}',
    f'{{"inlineData":{{"mimeType":"audio/wav","data":"{b64encode(b"RIFF1234WAVE").decode()}"}}}}',
    f'{{"inlineData":{{"mimeType":"image/png","data":"{b64encode(PNG).decode()}"}},"thought":true}}',
    f'{{"inlineData":{{"mimeType":"image/jpeg","data":"{b64encode(JPEG).decode()}","displayName":"a.jpg"}},"thoughtSignature":"c2ln"}}',
    f'{{"inlineData":{{"mimeType":"image/avif","data":"{b64encode(b"not known here").decode()}"}}}}',
    '{"text":"Done"}',
]

WRITTEN = [
    '{"text":"Done"}',
    '{"fileData":{"fileUri":"gs://bucket/folder/1.png","mimeType":"image/png"},"thoughtSignature":"c2ln"}',
    '{"fileData":{"fileUri":"gs://bucket/folder/1.mp4","mimeType":"video/mp4"}}',
]


@pytest.mark.parametrize(("model", "parts"), [(GEMINI, ANSWERED), (VERTEX, ANSWERED), (VERTEX, WRITTEN)])
async def test_u2_u3_the_message_of_an_answer_goes_back_as_it_came(
    served: tuple[Stack, Noting], model: str, parts: list[str]
) -> None:
    stack, upstream = served
    upstream.answer = f'{{"candidates":[{{"content":{{"parts":[{",".join(parts)}]}},"finishReason":"STOP"}}]}}'
    try:
        answer = await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked(model, {})))
    finally:
        upstream.answer = json.dumps(DRAWN)
    spec = asked(model, {})
    spec.messages.append(answer.candidates[0].message)
    spec.messages.add(role=pb.Role.ROLE_USER, content="Make it blue")
    upstream.bodies.clear()
    await drawn_both_ways(stack, spec)
    for body in upstream.bodies:
        assert f'{{"role":"model","parts":[{",".join(parts)}]}}' in body


UNARY = ("ChatService/CreateCompletion", "ModelService/ListModels", "ModelService/GetModel")

STREAMS = ("ChatService/StreamCompletion", "ChatService/ResumeCompletion", "ImageService/DownloadImage")


def _bytes(data: bytes) -> bytes:
    return data


@pytest.mark.parametrize("method", [*UNARY, *STREAMS])
async def test_an_unknown_field_is_refused_by_every_method(served: tuple[Stack, Noting], method: str) -> None:
    stack, upstream = served
    upstream.bodies.clear()
    path = f"/imagewire.v1.{method}"
    unknown = b"\xc8\x03\x01"  # field 57
    asking: Any = stack.channel.unary_unary if method in UNARY else stack.channel.unary_stream
    call = asking(path, _bytes, _bytes)(unknown)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await (call if method in UNARY else rest_of(call))
    error = told(refused.value)
    assert (error.code, error.info.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    (violation,) = error.bad.field_violations
    assert error.message.startswith("the request: field 57 is unknown to this server")
    assert violation.field == ""
    assert violation.description.startswith("field 57 is unknown to this server; ")
    assert upstream.bodies == []


@pytest.mark.parametrize("size", [0, 200_000])
async def test_an_unknown_field_is_named_by_its_path(served: tuple[Stack, Noting], size: int) -> None:
    """Also beside a large picture."""
    stack, upstream = served
    upstream.bodies.clear()
    config = pb.ImageConfig.FromString(b"\xc8\x03\x01")
    message = {"role": 2, "content": "A banana", "image": {"data": PNG + bytes(size)}}
    spec = asked(GEMINI, {"messages": [message], "image_config": config})
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await rest_of(stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec)))
    error = told(refused.value)
    assert "spec.image_config: field 57 is unknown to this server; leave it out" in error.message
    assert upstream.bodies == []


async def test_a_model_tells_unknown_from_none(served: tuple[Stack, Noting]) -> None:
    stack, _ = served
    flash, lite = [
        (await stack.models.GetModel(pb.GetModelRequest(name=f"gemini/gemini-{name}-image"))).model
        for name in ("2.5-flash", "3.1-flash-lite")
    ]
    assert (flash.HasField("image_sizes"), list(flash.image_sizes.values)) == (True, [])
    assert (flash.HasField("thinking_levels"), flash.HasField("max_input_images")) == (True, False)
    assert (flash.HasField("system_instruction"), flash.system_instruction) == (True, False)
    assert (lite.HasField("aspect_ratios"), lite.HasField("image_sizes")) == (False, True)
    assert (lite.max_input_images, list(lite.image_sizes.values)) == (14, ["1K"])
    assert not flash.price.HasField("cached_input_usd_per_million")
    assert dict(flash.price.service_tier_factors) == {"flex": 0.5}
