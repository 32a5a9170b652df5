"""Requests as Google's own SDK makes them: ours ask for the same, but for the spellings that Google takes alike."""

import asyncio
import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from google import genai
from google.genai import types

from imagewire_server.contract import pb, validation
from imagewire_server.contract.native_rules import camel
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.wire import encode
from tests.pictures import PNG
from tests.upstream import Noting, answering

_BYTES = ("data", "continuationToken", "thoughtSignature")
_TIMES = ("startTime", "endTime")


def plain(value: Any, key: str = "") -> Any:
    """A body in one spelling: camelCase, bytes as bytes, times as times, nothing for an absent list."""
    if isinstance(value, dict):
        return {camel(name): plain(inside, camel(name)) for name, inside in value.items()}
    if isinstance(value, list):
        return [plain(inside) for inside in value]
    if key in _BYTES:
        return urlsafe_b64decode(value.replace("+", "-").replace("/", "_"))
    if key in _TIMES:
        return datetime.fromisoformat(value)
    return value


async def google_sends(vertexai: bool, config: types.GenerateContentConfig, contents: Any) -> Any:
    """The body that Google's SDK sends."""
    drawn = {"candidates": [{"content": {"parts": [{"text": "Here"}]}, "finishReason": "STOP"}]}
    google = Noting(json.dumps(drawn))

    def ask(url: str) -> None:
        with genai.Client(vertexai=vertexai, api_key="key", http_options=types.HttpOptions(base_url=url)) as client:
            client.models.generate_content(model="gemini-3-pro-image", contents=contents, config=config)

    async with answering(google.take) as url:
        await asyncio.to_thread(ask, url)
    return plain(json.loads(google.bodies[0]))


def we_send(vertexai: bool, fields: dict[str, Any]) -> Any:
    """The body that we send."""
    spec = pb.Spec(**{"model": "m", "messages": [{"role": 2, "content": "A banana"}], **fields})
    validation.check(spec)
    made = encode(spec, models("vertex_ai" if vertexai else "gemini").unknown)
    return plain(json.loads(msgspec.json.encode(made)))


SPAN = {"start_time": {"seconds": 1767225600}, "end_time": {"seconds": 1767312000}}
SEARCH_TYPES = types.SearchTypes(web_search=types.WebSearch(), image_search=types.ImageSearch())
RESULT = types.FunctionResponse(
    id="1",
    name="f",
    response={"a": {"$ref": "a.png"}},
    parts=[
        types.FunctionResponsePart(
            inline_data=types.FunctionResponseBlob(mime_type="image/png", data=PNG, display_name="a.png"),
            media_resolution=types.PartMediaResolution(
                level=types.PartMediaResolutionLevel.MEDIA_RESOLUTION_ULTRA_HIGH
            ),
        ),
        types.FunctionResponsePart(
            file_data=types.FunctionResponseFileData(file_uri="https://e.com/b.png", mime_type="image/png")
        ),
    ],
)
IMAGES = [
    {"data": PNG, "display_name": "a.png", "detail": 5},
    {"uri": "https://e.com/b.png", "mime_type": "image/png"},
]
ANSWERED = types.FunctionCall(id="1", name="f", args={"n": 1})
# Whether for Vertex AI, None for both; the fields of a spec; Google's configuration; contents that are not the usual.
CASES: list[tuple[bool | None, dict[str, Any], dict[str, Any], Any]] = [
    (None, {"service_tier": "flex"}, {"service_tier": "flex"}, None),
    (None, {"service_tier": "priority"}, {"service_tier": types.ServiceTier.PRIORITY}, None),
    (None, {"continuation_token": b"\xff\xfe\x01"}, {"continuation_token": b"\xff\xfe\x01"}, None),
    (
        True,
        {"output_config": {"uri_prefix": "gs://b/f/"}},
        {"generation_output_config": types.GenerationOutputConfig(output_uri_prefix="gs://b/f/")},
        None,
    ),
    (
        True,
        {"safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF", "method": "SEVERITY"}]},
        {
            "safety_settings": [
                types.SafetySetting(category="HARM_CATEGORY_HARASSMENT", threshold="OFF", method="SEVERITY")
            ]
        },
        None,
    ),
    (
        False,
        {"tools": [{"google_search": {"search_types": ["WEB", "IMAGE"], "time_range": SPAN}}]},
        {
            "tools": [
                types.Tool(
                    google_search=types.GoogleSearch(
                        search_types=SEARCH_TYPES,
                        time_range_filter=types.Interval(
                            start_time=datetime(2026, 1, 1, tzinfo=UTC), end_time=datetime(2026, 1, 2, tzinfo=UTC)
                        ),
                    )
                )
            ]
        },
        None,
    ),
    (
        True,
        {"tools": [{"google_search": {"exclude_domains": ["a.com"], "blocking_confidence": "BLOCK_LOW_AND_ABOVE"}}]},
        {
            "tools": [
                types.Tool(
                    google_search=types.GoogleSearch(
                        exclude_domains=["a.com"], blocking_confidence=types.PhishBlockThreshold.BLOCK_LOW_AND_ABOVE
                    )
                )
            ]
        },
        None,
    ),
    (
        None,
        {
            "messages": [
                {"role": 3, "parts": [{"function_call": {"id": "1", "name": "f", "args_json": '{"n":1}'}}]},
                {
                    "role": 4,
                    "parts": [
                        {
                            "function_response": {
                                "id": "1",
                                "name": "f",
                                "response": {"a": {"$ref": "a.png"}},
                                "images": IMAGES,
                            }
                        }
                    ],
                },
            ]
        },
        {},
        [
            types.Content(role="model", parts=[types.Part(function_call=ANSWERED)]),
            types.Content(role="user", parts=[types.Part(function_response=RESULT)]),
        ],
    ),
    (
        None,
        {
            "messages": [
                {
                    "role": 3,
                    "parts": [
                        {
                            "native": {
                                "kind": "executableCode",
                                "value_json": '{"code":"print(1)","language":"PYTHON"}',
                            },
                            "thought_signature": b"sig",
                        },
                        {"media": {"data": b"RIFF", "mime_type": "audio/wav", "display_name": "a.wav"}},
                        {"image": {"uri": "https://e.com/b.png", "mime_type": "image/png"}, "thought": True},
                    ],
                }
            ]
        },
        {},
        [
            types.Content(
                role="model",
                parts=[
                    types.Part(
                        executable_code=types.ExecutableCode(code="print(1)", language=types.Language.PYTHON),
                        thought_signature=b"sig",
                    ),
                    types.Part(inline_data=types.Blob(data=b"RIFF", mime_type="audio/wav", display_name="a.wav")),
                    types.Part(
                        file_data=types.FileData(file_uri="https://e.com/b.png", mime_type="image/png"), thought=True
                    ),
                ],
            )
        ],
    ),
]


@pytest.mark.parametrize(
    ("vertexai", "fields", "config", "contents"),
    [
        (api, fields, config, contents)
        for both, fields, config, contents in CASES
        for api in ((False, True) if both is None else (both,))
    ],
)
async def test_a_request_asks_what_googles_sdk_asks(
    vertexai: bool, fields: dict[str, Any], config: dict[str, Any], contents: Any
) -> None:
    modalities = types.GenerateContentConfig(response_modalities=["TEXT", "IMAGE"], **config)
    google = await google_sends(vertexai, modalities, contents or "A banana")
    assert we_send(vertexai, fields) == google
