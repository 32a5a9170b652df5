"""Each field of a request moves what goes upstream, or is refused by its path: over gRPC, as Google would get it."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, rest_of, running_stack
from tests.integration.status import told
from tests.pictures import JPEG, PNG
from tests.upstream import Noting, answering

GEMINI, VERTEX = "gemini/gemini-3-pro-image", "vertex_ai/gemini-3-pro-image"
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


def result(*images: dict[str, Any]) -> dict[str, Any]:
    return {"role": 4, "parts": [{"function_response": {"name": "f", "response": {"a": 1}, "images": images}}]}


def picture(data: bytes, mime_type: str, **beside: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": b64encode(data).decode(), **beside}}


def with_message(message: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": 2, "content": "A banana"}, message, {"role": 2, "content": "Again"}]}


def search(**options: Any) -> dict[str, Any]:
    return {"tools": [{"google_search": options}]}


SPAN = {"start_time": {"seconds": 1767225600}, "end_time": {"seconds": 1767312000}}
# The fields of a spec, and what of the body they make, for both providers.
BOTH: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"service_tier": "flex"}, {"serviceTier": "flex"}),
    ({"service_tier": "standard"}, {"serviceTier": "standard"}),
    ({"service_tier": "priority"}, {"serviceTier": "priority"}),
    ({"continuation_token": b"\xff\xfe\x01"}, {"continuationToken": "//4B"}),
    (search(), {"tools": [{"googleSearch": {}}]}),
    (search(search_types=["WEB"]), {"tools": [{"googleSearch": {"searchTypes": {"webSearch": {}}}}]}),
    (
        search(search_types=["WEB", "IMAGE"]),
        {"tools": [{"googleSearch": {"searchTypes": {"webSearch": {}, "imageSearch": {}}}}]},
    ),
    *(
        (
            {"messages": [{"role": 2, "image": {"data": PNG, "detail": detail}}]},
            {
                "contents": [
                    {"role": "user", "parts": [{**picture(PNG, "image/png"), "mediaResolution": {"level": level}}]}
                ]
            },
        )
        for detail, level in (
            (2, "MEDIA_RESOLUTION_LOW"),
            (3, "MEDIA_RESOLUTION_HIGH"),
            (4, "MEDIA_RESOLUTION_MEDIUM"),
            (5, "MEDIA_RESOLUTION_ULTRA_HIGH"),
        )
    ),
    (
        {"messages": [result({"data": PNG, "display_name": "a.png", "detail": 2}, {"uri": "https://e.com/b.png"})]},
        {
            "contents": [
                {
                    "role": "user",
                    "parts": [
                        {
                            "functionResponse": {
                                "name": "f",
                                "response": {"a": 1},
                                "parts": [
                                    {
                                        **picture(PNG, "image/png", displayName="a.png"),
                                        "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"},
                                    },
                                    {"fileData": {"fileUri": "https://e.com/b.png"}},
                                ],
                            }
                        }
                    ],
                }
            ]
        },
    ),
    (
        {"generation_config": {"candidate_count": 1}},
        {"generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "candidateCount": 1}},
    ),
    (
        {"extra_body": {"generation_config": {"logprobs": 2}}},
        {"generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "logprobs": 2}},
    ),
]
ONLY_VERTEX: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"output_config": {"uri_prefix": "gs://bucket/folder/"}},
        {"outputConfig": {"outputUriPrefix": "gs://bucket/folder/"}},
        "output_config",
    ),
    (
        {"safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF", "method": "SEVERITY"}]},
        {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF", "method": "SEVERITY"}]},
        "safety_settings[0].method",
    ),
    (
        search(exclude_domains=["example.com"]),
        {"tools": [{"googleSearch": {"excludeDomains": ["example.com"]}}]},
        "tools[0].google_search.exclude_domains",
    ),
    (
        search(blocking_confidence="BLOCK_LOW_AND_ABOVE"),
        {"tools": [{"googleSearch": {"blockingConfidence": "BLOCK_LOW_AND_ABOVE"}}]},
        "tools[0].google_search.blocking_confidence",
    ),
    (
        {"messages": [result({"uri": "gs://b/a.png", "mime_type": "image/png"})]},
        {
            "contents": [
                {
                    "role": "user",
                    "parts": [
                        {
                            "functionResponse": {
                                "name": "f",
                                "response": {"a": 1},
                                "parts": [{"fileData": {"fileUri": "gs://b/a.png", "mimeType": "image/png"}}],
                            }
                        }
                    ],
                }
            ]
        },
        "messages[0].parts[0].function_response.images[0].uri",
    ),
]
ONLY_GEMINI: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        search(time_range=SPAN),
        {
            "tools": [
                {
                    "googleSearch": {
                        "timeRangeFilter": {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-02T00:00:00Z"}
                    }
                }
            ]
        },
        "tools[0].google_search.time_range",
    ),
]
MOVING = [
    *((model, fields, body) for model in (GEMINI, VERTEX) for fields, body in BOTH),
    *((VERTEX, fields, body) for fields, body, _ in ONLY_VERTEX),
    *((GEMINI, fields, body) for fields, body, _ in ONLY_GEMINI),
]
REFUSED = [
    *((GEMINI, fields, path) for fields, _, path in ONLY_VERTEX),
    *((VERTEX, fields, path) for fields, _, path in ONLY_GEMINI),
    *(
        (model, fields, path)
        for model in (GEMINI, VERTEX)
        for fields, path in (
            ({"service_tier": "FLEX"}, "service_tier"),
            ({"output_config": {}}, "output_config.uri_prefix"),
            ({"generation_config": {"candidate_count": 2}}, "generation_config.candidate_count"),
            ({"service_tier": "flex", "extra_body": {"service_tier": "priority"}}, "extra_body.service_tier"),
            (
                {"generation_config": {"seed": 1}, "extra_body": {"generation_config": {"seed": 2}}},
                "extra_body.generation_config.seed",
            ),
            (
                {"extra_body": {"generationConfig": {"candidateCount": 8}}},
                "extra_body.generationConfig.candidateCount",
            ),
            (
                {"messages": [{"role": 2, "image": {"data": PNG, "display_name": "a"}}]},
                "messages[0].image.display_name",
            ),
            (
                {"messages": [{"role": 2, "parts": [{"native": {"kind": "toolCall", "value_json": "{}"}}]}]},
                "messages[0].parts[0].native",
            ),
            ({"messages": [result(*[{"data": PNG}] * 14), {"role": 2, "image": {"data": PNG}}]}, "messages"),
        )
    ),
]


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
    assert (lite.HasField("thinking_levels"), lite.HasField("aspect_ratios")) == (False, False)
    assert (lite.max_input_images, list(lite.image_sizes.values)) == (14, ["1K"])
    assert not flash.price.HasField("cached_input_usd_per_million")
    assert dict(flash.price.service_tier_factors) == {"flex": 0.5}
