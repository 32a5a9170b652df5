"""Requests that callers of LiteLLM's proxy send, from the smallest to the odd. Both proxies read the same file."""

import base64
from dataclasses import dataclass, field
from typing import Any

from tests.pictures import PNG

_URI = "data:image/png;base64," + base64.b64encode(PNG).decode()

FILE = """\
model_list:
  - model_name: draw
    litellm_params:
      model: gemini/gemini-2.5-flash-image
      api_base: "{upstream}/v1beta"
      api_key: os.environ/GEMINI_API_KEY
  - model_name: gemini/*
    litellm_params:
      model: gemini/*
      api_base: "{upstream}/v1beta"
      api_key: os.environ/GEMINI_API_KEY
router_settings:
  disable_cooldowns: true
  num_retries: 0
general_settings:
  master_key: {key}
"""

_ASK = [{"role": "user", "content": "Generate an image of a banana"}]
_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Today's weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
CHAT, IMAGES, EDITS, RESPONSES = "/v1/chat/completions", "/v1/images/generations", "/v1/images/edits", "/v1/responses"


@dataclass(frozen=True)
class Case:
    """A request. differs: what imagewire answers differently, and the words of docs/litellm.md that say so."""

    name: str
    path: str
    body: dict[str, Any]
    files: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    differs: dict[str, str] = field(default_factory=dict)


def _chat(name: str, *, differs: dict[str, str] | None = None, **body: Any) -> Case:
    return Case(name, CHAT, {"model": "draw", "messages": _ASK, **body}, differs=differs or {})


CASES = [
    _chat("chat"),
    _chat("chat streamed", stream=True),
    _chat("usage of a stream", stream=True, stream_options={"include_usage": True}),
    _chat("a model behind a wildcard", model="gemini/gemini-3.1-flash-image"),
    _chat("text alone", modalities=["text"]),
    _chat("text alone, streamed", modalities=["text"], stream=True),
    _chat("modalities", modalities=["image", "text"]),
    _chat("numbers", temperature=0.5, top_p=0.9, max_tokens=4000, seed=7, n=1),
    _chat("the newer name of max_tokens", max_completion_tokens=4000),
    _chat("a word that ends it", modalities=["text"], stop=["END"]),
    _chat("who asks", user="alice", metadata={"trace": "1"}),
    _chat("image_config", model="gemini/gemini-3.1-flash-image", imageConfig={"aspectRatio": "16:9"}),
    _chat(
        "effort",
        model="gemini/gemini-3-pro-image",
        reasoning_effort="low",
        differs={"pictures": "LiteLLM adds `includeThoughts` to `reasoning_effort`"},
    ),
    _chat("nulls", temperature=None, tools=None, stop=None),
    _chat(
        "a system message",
        model="gemini/gemini-3.1-flash-image",
        messages=[{"role": "system", "content": "Draw in blue"}, *_ASK],
    ),
    _chat(
        "text in parts",
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "A banana"}, {"type": "text", "text": "blue"}]}
        ],
    ),
    _chat(
        "a picture to edit",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Make it blue"},
                    {"type": "image_url", "image_url": {"url": _URI}},
                ],
            }
        ],
    ),
    _chat(
        "history",
        messages=[*_ASK, {"role": "assistant", "content": "Which colour?"}, {"role": "user", "content": "Blue"}],
    ),
    _chat("a tool that is not used", modalities=["text"], tools=[_TOOL]),
    _chat("two pictures", model="gemini/emulator-two-images"),
    _chat(
        "a draft",
        model="gemini/emulator-drafts",
        differs={"pictures": "drafts are marked and stand behind the final picture"},
    ),
    _chat("no picture", model="gemini/emulator-no-image"),
    _chat(
        "a picture is withheld",
        model="gemini/emulator-image-safety",
        differs=dict.fromkeys(("text", "usage"), "the text before it is kept and its tokens are counted"),
    ),
    _chat("the prompt is blocked", model="gemini/emulator-safety"),
    _chat("too many requests", model="gemini/emulator-429"),
    _chat(
        "overloaded",
        model="gemini/emulator-503",
        differs={"status": "A provider that is overloaded is status 503 here and 500 there"},
    ),
    _chat("a time limit", timeout=600),
    _chat("a time limit as text", timeout="600"),
    _chat(
        "a time limit that passes",
        model="gemini/emulator-silent",
        timeout=1,
        differs={"status": "A `timeout` that passes is status 504 here and 408 there"},
    ),
    _chat("a fallback", model="gemini/emulator-503", fallbacks=["draw"]),
    _chat("a fallback as an object", model="gemini/emulator-503", fallbacks=[{"model": "draw"}]),
    _chat("no fallback", model="gemini/emulator-429", fallbacks=[]),
    _chat("an unknown model", model="nothing", differs={"status": "here they are 401 and 404"}),
    _chat("a model that Google does not know", model="gemini/nothing"),
    _chat(
        "no messages",
        messages=[],
        differs=dict.fromkeys(
            ("status", "text", "pictures", "finish", "usage"), "A request without messages is refused"
        ),
    ),
    Case(
        "a wrong key",
        CHAT,
        {"model": "draw", "messages": _ASK},
        headers={"authorization": "Bearer sk-wrong"},
        differs={"status": "answers a wrong key with 400"},
    ),
    Case(
        "image",
        IMAGES,
        {"model": "draw", "prompt": "A banana"},
        differs={"usage": "`/v1/images` asks for pictures only"},
    ),
    Case(
        "image of a size",
        IMAGES,
        {"model": "draw", "prompt": "A banana", "size": "1024x1024", "n": 1},
        differs={"usage": "`/v1/images` asks for pictures only"},
    ),
    Case(
        "edit",
        EDITS,
        {"model": "draw", "prompt": "Make it blue"},
        files={"image": ("a.png", PNG, "image/png")},
        differs={"usage": "`/v1/images` asks for pictures only"},
    ),
    Case(
        "response",
        RESPONSES,
        {"model": "draw", "input": "A banana"},
        differs={"text": "keeps the text beside the picture"},
    ),
    Case(
        "response streamed",
        RESPONSES,
        {"model": "draw", "input": "A banana", "stream": True},
        differs={"text": "keeps the text beside the picture"},
    ),
]
