"""Calls of generateContent in the words of Google's SDKs, which any of them can make."""

import base64
import json
from typing import Any

from tests.pictures import JPEG, PNG

FLASH, PRO, NEW = "gemini-2.5-flash-image", "gemini-3-pro-image", "gemini-3.1-flash-image"


def _picture(data: bytes, mime_type: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def _said(role: str, *parts: Any) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}


_CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": (FLASH, {}),
    "ratio": (FLASH, {"imageConfig": {"aspectRatio": "16:9"}}),
    "small": (NEW, {"imageConfig": {"imageSize": "512", "aspectRatio": "9:16"}}),
    "large": (PRO, {"imageConfig": {"imageSize": "2K"}}),
    "thoughts": (PRO, {"thinkingConfig": {"includeThoughts": True}}),
    "modalities": (NEW, {"responseModalities": ["IMAGE"]}),
    "both-modalities": (NEW, {"responseModalities": ["TEXT", "IMAGE"]}),
    "sampling": (NEW, {"temperature": 0.25, "topP": 0.5, "topK": 40, "seed": 7}),
    "limits": (NEW, {"maxOutputTokens": 4096, "stopSequences": ["END"]}),
    "safety": (
        FLASH,
        {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}]},
    ),
    "system": (NEW, {"systemInstruction": _said("user", "Draw in blue")}),
    "search": (NEW, {"tools": [{"googleSearch": {}}]}),
}
_CONTENTS: dict[str, list[dict[str, Any]]] = {
    "unicode": [_said("user", "Eine Banane \U0001f34c, \u65e5\u672c\u8a9e, e\u0301 <&> \u2028")],
    "edit": [_said("user", _picture(PNG, "image/png"), "Make it blue")],
    "blend": [_said("user", _picture(PNG, "image/png"), _picture(JPEG, "image/jpeg"), "Blend")],
    "error-unsigned-turns": [_said("user", "A banana"), _said("model", "Which colour?"), _said("user", "Blue")],
}
_SCENARIOS = (
    *("two-images", "interleaved", "drafts", "thought-only", "no-image", "image-safety", "safety", "declined"),
    *("block-other", "finish-max-tokens", "model-status", "unicode", "data-first", "early-stop", "usage-split"),
    *("executable-code", "native-parts"),
)
_ERRORS = ("400", "403", "429", "429-per-day")


def calls(*, vertex: bool) -> list[dict[str, Any]]:
    """Each call's name, model, contents, configuration, and whether it is streamed."""
    asked = [_said("user", "A banana")]
    rows: list[tuple[str, str, Any, Any]] = [(name, model, asked, cfg) for name, (model, cfg) in _CONFIGS.items()]
    rows += [(name, NEW, contents, {}) for name, contents in _CONTENTS.items()]
    rows += [(f"emulated-{name}", f"{NEW}--{name}", asked, {}) for name in _SCENARIOS]
    rows += [(f"error-{name}", f"{NEW}--{name}", asked, {}) for name in _ERRORS]
    rows.append(("unknown-model", "nope", asked, {}))
    if vertex:
        rows = [
            row for row in rows if row[0] in {"plain", "edit", "thoughts", "emulated-two-images", "error-429", "ratio"}
        ]
    return [
        {"name": f"{name} {way}", "model": model, "contents": contents, "config": config, "stream": way == "streamed"}
        for name, model, contents, config in rows
        for way in ("unary", "streamed")
    ]


def compared(printed: str) -> dict[str, Any]:
    """What a program said of each call, without what differs each time."""
    found: dict[str, Any] = {}
    for line in filter(None, printed.split("\n")):
        row = json.loads(line)
        for answer in row.get("answers") or ():
            for name in ("responseId", "createTime", "sdkHttpResponse"):
                answer.pop(name, None)
        found[row.pop("name")] = row
    return found
