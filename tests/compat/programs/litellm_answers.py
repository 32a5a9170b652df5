"""What an answer over OpenAI's HTTP means, whoever sent it."""

import base64
import hashlib
import json
from typing import Any, NamedTuple

import httpx

from tests.compat.programs.litellm_requests import CHAT, RESPONSES


class Answer(NamedTuple):
    """pictures: the SHA-256 of each. usage: tokens in and out."""

    status: int
    text: str
    pictures: list[str]
    finish: str | None
    usage: tuple[int, int] | None


def read(path: str, answer: httpx.Response, *, stream: bool) -> Answer:
    """An answer of one of the paths of OpenAI's."""
    if answer.status_code != 200:
        return Answer(answer.status_code, "", [], None, None)
    if stream:
        events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
        return (_chat(events, "delta") if path == CHAT else _response(events[-1]["response"]))._replace(status=200)
    body = answer.json()
    if path == CHAT:
        return _chat([body], "message")
    return _response(body) if path == RESPONSES else _images(body)


def _chat(bodies: list[dict[str, Any]], member: str) -> Answer:
    text, pictures, finish, usage = "", list[str](), None, None
    for body in bodies:
        usage = body.get("usage") or usage
        for choice in body["choices"]:
            message = choice[member]
            text += message.get("content") or ""
            pictures += [_sha256(entry["image_url"]["url"]) for entry in message.get("images") or ()]
            finish = choice.get("finish_reason") or finish
    return Answer(200, text, pictures, finish, usage and (usage["prompt_tokens"], usage["completion_tokens"]))


def _images(body: dict[str, Any]) -> Answer:
    usage = body["usage"]
    return Answer(
        200,
        "",
        [_sha256(item["b64_json"]) for item in body["data"]],
        None,
        (usage["input_tokens"], usage["output_tokens"]),
    )


def _response(body: dict[str, Any]) -> Answer:
    usage = body["usage"]
    text = "".join(part["text"] for item in body["output"] if item["type"] == "message" for part in item["content"])
    pictures = [_sha256(item["result"]) for item in body["output"] if item["type"] == "image_generation_call"]
    return Answer(200, text, pictures, body["status"], (usage["input_tokens"], usage["output_tokens"]))


def _sha256(encoded: str) -> str:
    return hashlib.sha256(base64.b64decode(encoded.rpartition(",")[2])).hexdigest()
