"""Answers that are odd beside their pictures, and what is made of them, in a few words.

Each body is read whole, byte by byte and in thirds; all must give the same.
"""

import base64
import json
from collections.abc import Iterable
from typing import Any

from tests.golden.cases import read

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\4\0\0\0\3" + bytes(range(200, 256))
WAV = b"RIFF\0\0\0\0WAVEfmt " + bytes(64)
B64 = base64.b64encode(PNG).decode()
PICTURE: dict[str, Any] = {"inlineData": {"mimeType": "image/png", "data": B64}}
SIGNATURE = base64.b64encode(b"signature").decode()


def candidate(*parts: Any, finish: str | None = "STOP", **fields: Any) -> dict[str, Any]:
    ends = {} if finish is None else {"finishReason": finish}
    return {"content": {"parts": list(parts), "role": "model"}, **ends, **fields}


def answer(*parts: Any, finish: str | None = "STOP", **fields: Any) -> dict[str, Any]:
    return {"candidates": [candidate(*parts, finish=finish, **fields)]}


def events(*documents: Any) -> bytes:
    return b"".join(b"data: " + text(document) + b"\r\n\r\n" for document in documents)


def text(document: Any) -> bytes:
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def told(body: bytes) -> list[str]:
    """What an answer's events say, a word each: texts, pictures that are whole and unaltered, and all else."""
    whole = words(read(body))
    for size in (1, max(1, len(body) // 3)):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        assert words(read(b"", pieces)) == whole, f"in pieces of {size}"
    return whole


def words(made: Iterable[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    texts: dict[tuple[int, int], str] = {}
    data: dict[tuple[int, int], bytes] = {}
    for event in made:
        kind, value = next((kind, value) for kind, value in event.items() if kind != "sequence")
        key = (value.get("candidate_index", 0), value.get("part_index", 0))
        if kind == "text_delta":
            texts[key] = texts.get(key, "") + value["text"]
        elif kind in {"image_chunk", "media_chunk"}:
            data[key] = data.get(key, b"") + base64.b64decode(value["data"])
        elif kind == "part_finished":
            found.append(_part(value, texts.get(key), data.get(key)))
        elif kind == "candidate_finished":
            found.append(value.get("native_finish_reason", "no reason"))
        elif kind == "error":
            found.append(f"error {value['reason']}")
        elif kind == "finished":
            found += [f"omitted {path}" for path in value.get("omitted_fields", ())]
    return found


def _part(value: dict[str, Any], said: str | None, data: bytes | None) -> str:
    signed = " signed" if "thought_signature" in value else ""
    draft = "draft " if value.get("thought") else ""
    beside = "".join(f" {name}={json_text}" for name, json_text in sorted(value.get("native_fields", {}).items()))
    if "image" in value:
        image = value["image"]
        what = f"picture at {image['uri']}" if "uri" in image else "picture" if data == PNG else "another picture"
    elif "media" in value:
        media = value["media"]
        what = media["mime_type"] + (f" at {media['uri']}" if "uri" in media else "" if data else " without bytes")
    elif "native" in value:
        what = f"{value['native']['kind']}={value['native']['value_json']}"
    elif "function_call" in value:
        call = value["function_call"]
        what = f"call {call.get('name', '')} {call.get('args_json') or json.dumps(call.get('args', {}))}"
    else:
        what = f"text {said or ''}"
    return draft + what + signed + beside


def told_once(body: bytes) -> list[str]:
    """As `told`, in large pieces alone."""
    return words(read(b"", [body[at : at + 65536] for at in range(0, len(body), 65536)]))
