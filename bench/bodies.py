"""The answers of the fake upstream: the HTTP bytes of generateContent and streamGenerateContent, made once."""

import json
from functools import lru_cache
from typing import Any

from bench.pictures import Ask, encoded

_MARK = "@@picture@@"
_WORDS = "Here's the image you requested:"
# As a proxy in front of Google passes a large body on; a small one is one chunk.
_CHUNK = 128 * 1024


@lru_cache(maxsize=8)
def answer(size: int, *, stream: bool) -> bytes:
    """Head and body of one answer, chunked as Google's are."""
    body = _events(size) if stream else _whole(size)
    kind = b"text/event-stream" if stream else b"application/json; charset=UTF-8"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = [head]
    for at in range(0, len(body), _CHUNK):
        piece = body[at : at + _CHUNK]
        pieces += [b"%x\r\n" % len(piece), piece, b"\r\n"]
    pieces.append(b"0\r\n\r\n")
    return b"".join(pieces)


def model_name(path: str) -> str:
    """The model in a path such as /v1beta/models/NAME:generateContent."""
    return path.rpartition("/models/")[2].partition(":")[0]


def _whole(size: int) -> bytes:
    parts = [{"text": _WORDS}, _drawn()]
    candidate = {"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0}
    return _dump({"candidates": [candidate], **_end()}, size, indent=2) + b"\n"


def _events(size: int) -> bytes:
    events: list[dict[str, Any]] = [
        {"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}], **_ids()}
        for part in ({"text": _WORDS}, _drawn())
    ]
    ending = {"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": "STOP", "index": 0}
    events.append({"candidates": [ending], **_end()})
    return b"".join(b"data: " + _dump(event, size) + b"\r\n\r\n" for event in events)


def _drawn() -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": _MARK}}


def _ids() -> dict[str, str]:
    return {"modelVersion": Ask().model, "responseId": "bench-response"}


def _end() -> dict[str, Any]:
    usage = {
        "promptTokenCount": 7,
        "candidatesTokenCount": 1298,
        "totalTokenCount": 1305,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
    }
    return {"usageMetadata": usage, **_ids()}


def _dump(value: dict[str, Any], size: int, indent: int | None = None) -> bytes:
    # Google escapes these characters in every string, the padding of base64 too.
    text = json.dumps(value, ensure_ascii=False, indent=indent).replace("'", "\\u0027").encode()
    return text.replace(_MARK.encode(), encoded(size).replace(b"=", b"\\u003d"))
