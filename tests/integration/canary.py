"""Whatever can go wrong for a caller, as calls: at a provider that repeats what it was sent, and with bad requests."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

Echo = Callable[[str], web.Response]

KEY_HEADERS = ("x-api-key", "api-key", "x-goog-api-key", "ocp-apim-subscription-key", "x-litellm-api-key")


def _error(status: int, kind: str, words: str, *details: dict[str, Any]) -> web.Response:
    error = {"code": status, "message": words, "status": kind, "details": list(details)}
    return web.json_response({"error": error}, status=status, reason="X")


def _event(*answers: object) -> web.Response:
    body = "".join(f"data: {json.dumps(answer)}\n\n" for answer in answers)
    return web.Response(text=body, content_type="text/event-stream")


def _part(text: str) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}}]}


# What a provider answers that repeats what it was sent, words: its prompt and its key.
ECHOES: dict[str, Echo] = {
    "400": lambda words: _error(400, "INVALID_ARGUMENT", words),
    "400-field": lambda words: _error(
        400,
        "INVALID_ARGUMENT",
        words,
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": words, "description": words}],
        },
    ),
    "401": lambda words: _error(401, "UNAUTHENTICATED", words),
    "403": lambda words: _error(403, "PERMISSION_DENIED", words),
    "404": lambda words: _error(404, "NOT_FOUND", words),
    "409": lambda words: _error(409, "ABORTED", words),
    "413": lambda words: web.Response(status=413, text=words),
    "418": lambda words: web.Response(status=418, text=words),
    "429": lambda words: _error(
        429, "RESOURCE_EXHAUSTED", words, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "60s"}
    ),
    "429-text": lambda words: web.json_response({"error": words}, status=429),
    "499": lambda words: _error(499, "CANCELLED", words),
    "500": lambda words: _error(500, "INTERNAL", words),
    "501": lambda words: _error(501, "UNIMPLEMENTED", words),
    "503": lambda words: _error(503, "UNAVAILABLE", words),
    "503-gzip": lambda words: web.Response(
        status=503, body=gzip.compress(words.encode()), headers={"content-encoding": "gzip"}
    ),
    "504": lambda words: _error(504, "DEADLINE_EXCEEDED", words),
    "status": lambda words: _error(400, words, words, {"@type": words, words: words}),
    "redirect": lambda words: web.Response(status=302, headers={"location": f"https://{words.replace(' ', '-')}/"}),
    "retry-after": lambda words: web.Response(status=503, headers={"retry-after": words.replace("\n", " ")}),
    "page": lambda words: web.Response(text=words, content_type="text/html"),
    "no-json": lambda words: web.Response(text='{"candidates": [' + words, content_type="application/json"),
    "no-event": lambda words: web.Response(text=f"data: {words}\n\n", content_type="text/event-stream"),
    "odd-shape": lambda words: _event({"candidates": {words: words}, "usageMetadata": words}),
    "odd-part": lambda words: _event(
        {"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": words, "data": words}}]}}]}
    ),
    "blocked": lambda words: _event({"promptFeedback": {"blockReason": "OTHER", "blockReasonMessage": words}}),
    "block-reason": lambda words: _event({"promptFeedback": {"blockReason": words}}),
    "finish-reason": lambda words: _event({"candidates": [{"finishReason": words, "content": {"parts": []}}]}),
    "finish-message": lambda words: _event(
        {"candidates": [{"finishReason": "IMAGE_OTHER", "finishMessage": words, "content": {"parts": []}}]}
    ),
    "error-in-stream": lambda words: _event(
        _part("x"), {"error": {"code": 503, "message": words, "status": "UNAVAILABLE"}}
    ),
    "cut": lambda words: _event(_part(words)),
}


# Of these, what is an answer, where a provider may say what it likes.
_ANSWERS = frozenset({"odd-shape", "odd-part", "blocked", "block-reason", "finish-reason", "finish-message", "cut"})


async def echo(request: web.Request) -> web.StreamResponse:
    """Answer as the path's first part asks, with all that the request holds of its caller and of the server."""
    body = await request.json()
    key = request.headers.get("x-goog-api-key", "")
    prompt = body["contents"][0]["parts"][0]["text"]
    name = request.path.split("/")[1]
    return ECHOES[name](prompt if name in _ANSWERS else f"{prompt} {key}")


@dataclass(frozen=True)
class Bad:
    """A request over REST that is refused."""

    path: str = "/v1/chat/completions"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "POST"


def wrong_keys(secret: str) -> tuple[tuple[str, str], ...]:
    """Other clients' headers of keys."""
    return tuple((name, secret) for name in KEY_HEADERS)


def bad_requests(secret: str) -> dict[str, Bad]:
    """Requests that hold a secret wherever one can stand, and are wrong."""
    chat = {"model": "echo-400", "messages": [{"role": "user", "content": secret}]}

    def with_fields(**fields: object) -> bytes:
        return json.dumps({**chat, **fields}).encode()

    json_type = (("content-type", "application/json"),)
    form = (("content-type", f"multipart/form-data; boundary={secret}"),)
    return {
        "no JSON": Bad(body=secret.encode()),
        "cut JSON": Bad(body=with_fields()[:-3]),
        "a wrong type": Bad(body=with_fields(temperature=secret)),
        "a wrong value": Bad(body=with_fields(n=secret, size=secret, modalities=[secret])),
        "an unknown field": Bad(body=with_fields(**{secret: secret})),
        "unknown fields inside": Bad(body=with_fields(extra_body={secret: {secret: [secret]}})),
        "a wrong role": Bad(body=with_fields(messages=[{"role": secret, "content": secret}])),
        "a wrong picture": Bad(
            body=with_fields(
                messages=[
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": f"data:{secret},{secret}"}}],
                    }
                ]
            )
        ),
        "a picture at an address": Bad(
            body=with_fields(
                messages=[
                    {
                        "role": "user",
                        "content": [
                            {"type": "image_url", "image_url": {"url": f"https://{secret}@127.0.0.1/{secret}"}}
                        ],
                    }
                ]
            )
        ),
        "a model that is not there": Bad(body=with_fields(model=secret)),
        "a path": Bad(path=f"/{secret}/v1?key={secret}", method="GET"),
        "a model's path": Bad(path=f"/v1/models/{secret}?key={secret}", method="GET"),
        "a method": Bad(path=f"/v1/chat/completions?key={secret}", method="DELETE"),
        "another scheme": Bad(body=with_fields(), headers=(("authorization", f"Basic {secret}"),)),
        "a wrong key": Bad(body=with_fields(), headers=(("authorization", f"Bearer {secret}"),)),
        "a wrong key elsewhere": Bad(body=with_fields(), headers=(("authorization", ""), *wrong_keys(secret))),
        "a wrong content type": Bad(body=with_fields(), headers=(("content-type", f"text/{secret}"),)),
        "a form that is none": Bad("/v1/images/edits", secret.encode(), form),
        "a form that is cut": Bad(
            "/v1/images/edits", f"--{secret}\r\n{secret}: {secret}\r\n\r\n{secret}".encode(), form
        ),
        "odd headers": Bad(
            body=with_fields(temperature="x"), headers=(("cookie", secret), ("x-request-id", f"{secret} !"))
        ),
        "images": Bad(
            "/v1/images/generations", json.dumps({"model": "echo-400", "prompt": [secret]}).encode(), json_type
        ),
        "responses": Bad(
            "/v1/responses", json.dumps({"model": "echo-400", "input": {secret: secret}}).encode(), json_type
        ),
    }
