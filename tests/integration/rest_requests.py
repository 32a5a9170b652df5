"""Requests of the REST API that several tests send."""

import base64
from typing import Any

import httpx

from tests.conftest import Stack
from tests.pictures import PNG

MODEL = "gemini/gemini-2.5-flash-image"

THREE = "gemini/gemini-3-pro-image"

PNG_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def body(model: str = MODEL, **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "A banana"}], **fields}


async def ask(stack: Stack, given: dict[str, Any], path: str = "/v1/chat/completions", **more: Any) -> httpx.Response:
    return await stack.rest.post(path, json=given, **more)


def form(prompt: bytes, *, end: bytes = b"--BB--\r\n", name: bytes = b"prompt") -> bytes:
    """An edit's form: fields, then a picture."""
    head = b'--BB\r\ncontent-disposition: form-data; name="%b"'
    fields = head % b"model" + b"\r\n\r\n" + MODEL.encode() + b"\r\n" + head % name + b"\r\n\r\n" + prompt + b"\r\n"
    return fields + head % b"image" + b'; filename="a.png"\r\n\r\n' + PNG + b"\r\n" + end
