"""Requests to the emulator, and what its answers hold."""

import base64
import json
from typing import Any

import aiohttp


def body(prompt: str = "a banana", **fields: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": prompt}]}], **fields}


async def ask(client: aiohttp.ClientSession, model: str, given: Any = None, *, sse: bool = False) -> tuple[int, bytes]:
    method = "streamGenerateContent?alt=sse" if sse else "generateContent"
    async with client.post(f"/v1beta/models/{model}:{method}", json=given or body()) as answer:
        return answer.status, await answer.read()


def events(text: bytes) -> list[Any]:
    assert text.endswith(b"\r\n\r\n")
    return [json.loads(event.removeprefix(b"data: ")) for event in text.split(b"\r\n\r\n")[:-1]]


def pictures(answers: list[Any]) -> list[bytes]:
    parts = [p for a in answers for c in a.get("candidates", ()) for p in c.get("content", {}).get("parts", ())]
    return [base64.b64decode(part["inlineData"]["data"]) for part in parts if "inlineData" in part]
