"""What programs that do not install here send, as they send it: written after their documented behaviour."""

import base64
from dataclasses import dataclass, field
from typing import Any

from tests.pictures import PNG

_URI = "data:image/png;base64," + base64.b64encode(PNG).decode()


@dataclass(frozen=True)
class Body:
    """One request. member: what the program reads the pictures from."""

    program: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    files: list[tuple[str, tuple[str, bytes, str]]] | None = None


BODIES = [
    Body(
        "Open WebUI, a picture",
        "/v1/images/generations",
        {
            "model": "gemini/gemini-3.1-flash-image",
            "prompt": "A banana",
            "n": 1,
            "size": "512x512",
            "response_format": "b64_json",
        },
        {"Authorization": "Bearer any", "X-OpenWebUI-User-Name": "Ada", "X-OpenWebUI-User-Role": "user"},
    ),
    Body(
        "Open WebUI, an edit",
        "/v1/images/edits",
        {"model": "gemini/gemini-3.1-flash-image", "prompt": "Make it blue", "n": "1", "size": "1024x1024"},
        {"Authorization": "Bearer any"},
        [("image", ("image.png", PNG, "image/png"))],
    ),
    Body(
        "Open WebUI, an edit of two",
        "/v1/images/edits",
        {"model": "gemini/gemini-3.1-flash-image", "prompt": "Join them"},
        {"Authorization": "Bearer any"},
        [("image[]", ("image0.png", PNG, "image/png")), ("image[]", ("image1.png", PNG, "image/png"))],
    ),
    Body(
        "LibreChat",
        "/v1/chat/completions",
        {
            "model": "gemini/gemini-3.1-flash-image",
            "user": "66f0c1",
            "temperature": 1,
            "top_p": 1,
            "presence_penalty": 0,
            "frequency_penalty": 0,
            "stream": True,
            "messages": [{"role": "user", "content": "A banana", "name": "Ada"}],
        },
        {"Authorization": "Bearer any"},
    ),
    Body(
        "LibreChat, with a file",
        "/v1/chat/completions",
        {
            "model": "gemini/gemini-3.1-flash-image",
            "user": "66f0c1",
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Make it blue"},
                        {"type": "image_url", "image_url": {"url": _URI, "detail": "auto"}},
                    ],
                }
            ],
        },
        {"Authorization": "Bearer any"},
    ),
    Body(
        "n8n, a picture",
        "/v1/images/generations",
        {
            "prompt": "A banana",
            "model": "gemini/gemini-3.1-flash-image",
            "n": 1,
            "size": "1024x1024",
            "quality": "hd",
            "response_format": "b64_json",
        },
        {"Authorization": "Bearer any", "OpenAI-Organization": ""},
    ),
    Body(
        "n8n, a plain request",
        "/v1/chat/completions",
        {
            "model": "gemini/gemini-3.1-flash-image",
            "messages": [{"role": "user", "content": "A banana"}],
            "modalities": ["image", "text"],
        },
        {
            "x-api-key": "any",
            "accept": "application/json,text/html,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7",
        },
    ),
]
