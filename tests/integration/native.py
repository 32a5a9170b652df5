"""Requests of Google's own API, for tests."""

import json
from typing import Any

import httpx

from tests.conftest import Stack

FLASH = "gemini-2.5-flash-image"
VERTEX = "/v1/projects/p/locations/global/publishers/google"
PATHS = {
    "generateContent": ":generateContent",
    "sse": ":streamGenerateContent?alt=sse",
    "array": ":streamGenerateContent",
}


def body(prompt: str = "A banana", **more: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": prompt}]}], **more}


async def post(stack: Stack, model: str = FLASH, way: str = "generateContent", **asked: Any) -> httpx.Response:
    """Ask by Google's API. way: one of PATHS."""
    place = asked.pop("place", "/v1beta")
    asked.setdefault("json", body())
    return await stack.rest.post(f"{place}/models/{model}{PATHS[way]}", **asked)


async def directly(stack: Stack, model: str, way: str, **asked: Any) -> httpx.Response:
    """Ask the emulator itself."""
    async with httpx.AsyncClient(base_url=stack.emulator.base_url, trust_env=False) as client:
        headers = {"x-goog-api-key": stack.emulator.api_key}
        asked.setdefault("json", body())
        return await client.post(f"/v1beta/models/{model}{PATHS[way]}", headers=headers, **asked)


def reason(answer: httpx.Response) -> str:
    """Our reason of an error in Google's format."""
    details = answer.json()["error"]["details"]
    return next(one["reason"] for one in details if one.get("domain") == "imagewire.dev")


def read(answer: httpx.Response) -> list[Any]:
    """What a streamed answer says: each event's JSON."""
    if answer.headers["content-type"].startswith("text/event-stream"):
        events = answer.text.replace("\r\n", "\n").split("\n\n")
        return [json.loads(event.removeprefix("data: ")) for event in events if event]
    found = answer.json()
    return found if isinstance(found, list) else [found]
