"""Odd values: what stands in fields that nobody models."""

import base64
import random
from typing import Any

from tests.fuzz.json_text import Base64, Obj, Raw
from tests.fuzz.plan import ANY

SORTS = ("plain", "deep", "deepest", "picture", "nan")
TEXTS = (
    "Here is your picture.",
    " ",
    "\n\n",
    "Zwölf Boxkämpfer 🍌👩‍🚀 漢字 العربية",
    "line\u2028separator\u2029and\u0085next",
    'quoted "data":"iVBORw0KGgo=" inside',
    'data: {"candidates":[]}\n\ndata: [DONE]\n\n',
    '{"inlineData":{"mimeType":"image/png","data":"QUJD"}}',
    "back\\slash \\\\ \\u0041 \\n",
    "<b>&amp;</b> a/b//c =",
    "\u0000\u0001\u001f\u007f",
    "\ufeffbom",
    "]}]}",
    "\r\n\r\n",
    "x" * 300,
)


def text(rng: random.Random) -> str:
    """A text that is not empty."""
    made = rng.choice(TEXTS)
    if rng.random() < 0.5:
        made += "".join(rng.choice('abc /=+"\\\n{}[]:,é漢🍌') for _ in range(rng.randint(1, 60)))
    if rng.random() < 0.03:
        made *= rng.randint(50, 3000)
    return made


def base64_of(rng: random.Random, size: int = 40) -> str:
    """What looks like a picture's data."""
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + rng.randbytes(size)).decode()


def like_a_picture(rng: random.Random) -> tuple[Any, Any]:
    """A value that looks like a part with a picture, and is none."""
    data = base64_of(rng)
    shapes: list[Any] = [
        {"inlineData": {"mimeType": "image/png", "data": data}},
        {"data": data},
        {"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": data}}]}}]},
        {"parts": [{"inlineData": {"data": data}}], "data": data, "mimeType": "image/png"},
        [{"data": data}, {"data": "!"}],
    ]
    made = rng.choice(shapes)
    return made, made


def deep(depth: int, rng: random.Random) -> tuple[Raw, Any]:
    """A value nested so deep. Beyond 90 nobody need keep it."""
    if rng.random() < 0.5:
        text = b"[" * depth + b"1" + b"]" * depth
        value: Any = 1
        for _ in range(min(depth, 90)):
            value = [value]
    else:
        text = b'{"a":' * depth + b"1" + b"}" * depth
        value = 1
        for _ in range(min(depth, 90)):
            value = {"a": value}
    return Raw(text), value if depth <= 90 else ANY


_PLAIN: tuple[Any, ...] = (
    True,
    False,
    0,
    -1,
    3.5,
    "x",
    "",
    [],
    {},
    {"a": [1, {"b": None}]},
    2**53 + 1,
    -(2**63),
    2**64 - 1,
)
_LITERALS: tuple[tuple[bytes, Any], ...] = (
    (b"null", ANY),
    (b"NaN", ANY),
    (b"-Infinity", ANY),
    (b"1e400", ANY),
    (b"-0", 0),
    (b"1E5", 100000),
    (b"123456789012345678901234567890", 123456789012345678901234567890),
    (b'"\\ud800"', ANY),
    (b'"\\ud83c\\udf4c"', "🍌"),
    (b'"a\\/b\\u003d"', "a/b="),
    (b'{"a":1,"a":2}', {"a": 2}),
)


def value(rng: random.Random, sort: str = "plain") -> tuple[Any, Any]:
    """A value and what it must be when it arrives; ANY: it may be left out. sort: of SORTS."""
    if sort == "nan":
        return Raw(rng.choice([b"NaN", b"Infinity", b"-Infinity"])), ANY
    if sort == "deepest":
        return deep(rng.choice([150, 600, 3000]), rng)
    if sort == "deep":
        return deep(rng.choice([5, 29, 60, 90]), rng)
    if sort == "picture":
        return like_a_picture(rng)
    if rng.random() < 0.5:
        plain = rng.choice(_PLAIN)
        return plain, plain
    literal, arrives = rng.choice([pair for pair in _LITERALS if b"N" not in pair[0] and b"I" not in pair[0]])
    return Raw(literal), arrives


def blob(mime: Any, data: bytes, rng: random.Random, quirks: frozenset[str], key: Any) -> Obj:
    """inlineData's object. key: spells a name."""
    url_safe, unpadded = "urlsafe" in quirks, "unpadded" in quirks
    made = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(data).decode()
    if "both-alphabets" in quirks:
        made = made.replace("+", "-")
    escapes = "all" if "escapes" in quirks else rng.choice(["slashes", "padding"]) if "some-escapes" in quirks else ""
    said = (key("data"), Base64(made.rstrip("=") if unpadded else made, escapes))
    pairs = Obj([said] if mime is ANY else [(key("mimeType"), mime), said])
    if "mime-behind" in quirks:
        pairs.reverse()
    if "display-name" in quirks:
        pairs.insert(rng.randint(0, len(pairs)), (key("displayName"), "a name.png"))
    if "blob-unknown" in quirks:
        pairs.insert(rng.randint(0, len(pairs)), ("blobExtra", value(rng)[0]))
    if "blob-like-a-picture" in quirks:
        pairs.insert(rng.randint(0, len(pairs)), ("blobMore", like_a_picture(rng)[0]))
    return pairs
