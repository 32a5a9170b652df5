"""Values for fields: mostly such as the field takes, by its name; sometimes odd ones."""

import base64
import random

from tests.fuzz import odd
from tests.pictures import JPEG, PNG

_DATA_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()
# By a field's name in any spelling, without "_" and in small letters.
_TEXTS: dict[str, tuple[str, ...]] = {
    "model": ("gemini/gemini-2.5-flash-image", "gemini/gemini-3-pro-image", "vertex_ai/gemini-3-pro-image", "a"),
    "mimetype": ("image/png", "image/jpeg", "image/heic", "audio/wav", "IMAGE/PNG", "image/svg+xml"),
    "format": ("image/png", "image/jpeg"),
    "uri": (_DATA_URL, "https://example.com/a.png", "gs://bucket/a.png", "data:image/png;base64,!", "file:///etc/passwd"),
    "url": (_DATA_URL, "https://127.0.0.1/a.png", "gs://bucket/a.png", "data:,x", "http://[::1]/"),
    "imageurl": (_DATA_URL, "https://127.0.0.1/a.png", "gs://bucket/a.png"),
    "aspectratio": ("16:9", "1:1", "0:0", "9999:1"),
    "imagesize": ("1K", "2K", "4K", "1k"),
    "size": ("1024x1024", "auto", "1536x1024", "0x0", "1x99999999999"),
    "servicetier": ("flex", "standard", "priority", "auto"),
    "mode": ("AUTO", "ANY", "NONE"),
    "category": ("HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH"),
    "threshold": ("BLOCK_NONE", "BLOCK_ONLY_HIGH"),
    "thinkinglevel": ("HIGH", "LOW"),
    "searchtypes": ("WEB", "IMAGE"),
    "starttime": ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:60.999999999999Z", "2026-13-41"),
    "endtime": ("2026-02-01T00:00:00Z", "10000-01-01T00:00:00Z"),
    "valuejson": ("1", '{"a":1}', "[" * 40 + "]" * 40, "[" * 5000, "NaN", '"\\ud800"', "1e999", "{", '{"a":1,"a":2}'),
    "argsjson": ('{"a":1}', "[1]", '{"a":' * 40 + "1" + "}" * 40, '{"n":123456789012345678901234567890}'),
    "arguments": ("{}", '{"a":1}', "[1]", "", "{", '{"a":' * 3000),
    "nativefields": ("1", '{"a":1}', "null", "{"),
    "kind": ("executableCode", "text", "inlineData", "functionCall", "thought"),
    "parts": ("text", "image", "native"),
    "name": ("f", "get_weather", "a.b:c-d", "9a", "gemini/gemini-2.5-flash-image"),
    "uriprefix": ("gs://bucket/folder/", "gs://bucket"),
    "cachedcontent": ("cachedContents/abc", "projects/p/locations/l/cachedContents/x", "../../x"),
    "requestid": ("123e4567-e89b-12d3-a456-426614174000", "x"),
    "pagetoken": ("gemini/gemini-2.5-flash-image",),
    "continuationtoken": ("QUJD", "!", "QUJ"),
    "role": ("user", "assistant", "system"),
}  # fmt: skip
_LONE = "\ud83c"
NUMBERS = (0, 1, -1, 2, 5, 100, 16384, 2**31 - 1, -(2**31), 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1)
FLOATS = (0.0, -0.0, 0.5, 1.0, 2.0, -2.0, 1e308, 5e-324, float("nan"), float("inf"), float("-inf"))


def text(name: str, rng: random.Random, wild: float) -> str:
    """A text for a field. wild: how often it is none that the field takes. It may hold half a surrogate pair."""
    taken = _TEXTS.get(name.replace("_", "").lower())
    if taken and rng.random() >= wild:
        return rng.choice(taken)
    chance = rng.random()
    if chance < 0.05:
        return odd.text(rng) * rng.choice([10, 300])
    if chance < 0.1:
        return rng.choice(["", "\0", _LONE, "a" + _LONE, "%s%n{}$(x)", "../" * 20, "\r\nx-evil: 1", "a" * 70000])
    return odd.text(rng) if chance < 0.6 else rng.choice(["A banana", "x", "b", "image/png"])


def blob(rng: random.Random) -> bytes:
    """Bytes for a field: pictures mostly."""
    chance = rng.random()
    if chance < 0.6:
        return PNG if chance < 0.4 else JPEG
    return PNG[: rng.randint(0, 60)] if chance < 0.8 else rng.randbytes(32)
