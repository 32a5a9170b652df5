"""The fields of a spec, and what each of them makes of the body that goes upstream, for both providers."""

from base64 import b64encode
from typing import Any

from tests.pictures import PNG

GEMINI, VERTEX = "gemini/gemini-3-pro-image", "vertex_ai/gemini-3-pro-image"


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
