"""The parts of an invented answer: each as JSON, and what must arrive of it."""

import base64
import random
import re
from collections.abc import Callable
from typing import Any

from tests.fuzz import files, odd
from tests.fuzz.json_text import Base64, Obj, Raw
from tests.fuzz.plan import ANY, Expected, PartPlan, Plan

Made = tuple[Obj, Expected | None]
_KNOWN: tuple[tuple[str, Any], ...] = (
    ("executableCode", {"language": "PYTHON", "code": "print('data: \"x\"')"}),
    ("codeExecutionResult", {"outcome": "OUTCOME_OK", "output": "ok\n"}),
    ("toolCall", {"id": "t1", "toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["a"]}}),
    ("toolResponse", {"id": "t1", "toolType": "GOOGLE_SEARCH_WEB", "response": {"data": "QUJD"}}),
)
# Other fields of a part, which relays write as null or empty.
_OTHERS = ("text", "functionCall", "fileData", "executableCode", "functionResponse", "videoMetadata", "inlineData")


def snake(name: str) -> str:
    """A name with underscores."""
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)


def build(plan: Plan, part: PartPlan) -> tuple[Any, Expected | None]:
    """A part as JSON, and what must arrive; None for nothing."""
    rng, quirks = plan.rng(part.ident), frozenset(part.quirks)
    key = snake if "snake" in quirks else str
    if part.kind == "nothing":
        return _nothing(rng, key), None
    pairs, expected = _KINDS[part.kind](plan, part, rng, key)
    assert expected is not None
    _mark(pairs, expected, rng, quirks, key)
    if not (
        part.kind == "text" and quirks & {"empty", "no-text"}
    ):  # beside an empty text a field might be the part's kind
        _surround(pairs, expected, part, plan, key)
    if "shuffled" in quirks:
        plan.rng(part.ident, "shuffled").shuffle(pairs)
    if expected.kind == "text" and not (expected.value or expected.signature or expected.fields):
        return pairs, None
    return pairs, expected


def _nothing(rng: random.Random, key: Callable[[str], str]) -> Any:
    empty: list[Any] = [
        Obj(),
        None,
        Obj([("thought", True)]),
        Obj([("thought", False), (key("thoughtSignature"), "")]),
        Obj([("text", "")]),
        Obj([("text", None)]),
        Obj([(name, None) for name in _OTHERS]),
        Obj([(key("inlineData"), None)]),
        Obj([(key("inlineData"), Obj())]),
        Obj([(key("inlineData"), Obj([(key("mimeType"), "image/png"), ("data", "")]))]),
        Obj([(key("inlineData"), Obj([(key("mimeType"), "image/png")]))]),
        Obj([(key("inlineData"), Obj([(key("mimeType"), None), ("data", None)]))]),
    ]
    return rng.choice(empty)


def _text(_: Plan, part: PartPlan, rng: random.Random, __: Callable[[str], str]) -> Made:
    text = odd.text(rng)
    if "empty" in part.quirks:
        return Obj([("text", "")]), Expected("text", "")
    if "no-text" in part.quirks:
        return Obj(), Expected("text", "")
    if "surrogate" in part.quirks:
        return Obj([("text", Raw(b'"a\\ud83db"'))]), Expected("text", "a\ufffdb")
    if "not-utf8" in part.quirks:
        return Obj([("text", Raw(b'"a\xff\xfeb"'))]), Expected("text", "a\ufffdb")
    return Obj([("text", text)]), Expected("text", text)


def _picture(plan: Plan, part: PartPlan, rng: random.Random, key: Callable[[str], str]) -> Made:
    quirks = frozenset(part.quirks)
    mime = rng.choice(files.PICTURES[:3] if rng.random() < 0.95 else files.PICTURES)
    data = files.picture(mime, part.size, rng)
    said: Any = mime
    if "no-mime" in quirks:
        said, mime = rng.choice([ANY, None, ""]), ANY
    elif "odd-mime" in quirks:
        said = rng.choice([f'{mime}","x":"y', f"{mime}\\", f"{mime}\r\nx: y", mime.upper(), f"{mime}; a=b", "image/*"])
        mime = ANY
    inside = odd.blob(said, data, plan.rng(part.ident, "blob"), quirks, key)
    return Obj([(key("inlineData"), inside)]), Expected("picture", data, mime=mime)


def _media(plan: Plan, part: PartPlan, rng: random.Random, key: Callable[[str], str]) -> Made:
    mime = rng.choice(files.MEDIA)
    data = files.media(mime, part.size, rng)
    inside = odd.blob(mime, data, plan.rng(part.ident, "blob"), frozenset(part.quirks) - {"no-mime"}, key)
    return Obj([(key("inlineData"), inside)]), Expected("media", data, mime=mime)


def _call(_: Plan, part: PartPlan, rng: random.Random, key: Callable[[str], str]) -> Made:
    quirks = frozenset(part.quirks)
    name, ident = rng.choice(["draw", "ns.tool:v2", "f_1"]), rng.choice(["", f"call-{part.ident}"])
    args: Any = {"size": rng.randint(0, 9), "name": odd.text(rng), "f": 0.5, "n": None, "l": [1, {"data": "QUJD"}]}
    arrives: Any = args
    if "no-args" in quirks:
        args, arrives = rng.choice([ANY, None, {}]), {}
    elif "deep" in quirks:
        inner, arrives = odd.deep(rng.choice([28, 40, 80]), rng)
        args, arrives = {"a": inner}, {"a": arrives}
    elif "big" in quirks:
        args = arrives = {"id": 2**53 + rng.randint(1, 999), "n": -(2**60) - 1, "huge": 10**25 + 1}
    elif "like-a-picture" in quirks:
        args = arrives = {"parts": [odd.like_a_picture(rng)[0]]}
    pairs = Obj([("name", name)])
    if args is not ANY:
        pairs.append(("args", args))
    if ident or rng.random() < 0.2:
        pairs.insert(0, ("id", ident or None))
    rng.shuffle(pairs)
    return Obj([(key("functionCall"), pairs)]), Expected("call", arrives, name=name, ident=ident)


def _native(_: Plan, part: PartPlan, rng: random.Random, key: Callable[[str], str]) -> Made:
    name, value = rng.choice(_KNOWN)
    arrives: Any = value
    if "invented" in part.quirks:
        name, value = f"hologram{part.ident}", {"form": odd.text(rng), "data": odd.base64_of(rng), "n": 2**60 + 1}
        arrives = value
    if "deep" in part.quirks:
        inner, below = odd.deep(rng.choice([29, 60, 85]), rng)
        value, arrives = {"a": inner}, {"a": below}
    if "like-a-picture" in part.quirks:
        value = arrives = {"inside": odd.like_a_picture(rng)[0]}
    return Obj([(key(name), value)]), Expected("native", arrives, name=name)


def _elsewhere(_: Plan, part: PartPlan, rng: random.Random, key: Callable[[str], str]) -> Made:
    mime, uri = rng.choice(["image/png", "image/jpeg", "video/mp4"]), f"gs://bucket/{part.ident}/x=y"
    pairs = Obj([(key("mimeType"), mime), (key("fileUri"), uri)])
    rng.shuffle(pairs)
    kind = "picture-elsewhere" if mime.startswith("image/") else "media-elsewhere"
    return Obj([(key("fileData"), pairs)]), Expected(kind, uri, mime=mime)


_KINDS = {
    "text": _text,
    "picture": _picture,
    "media": _media,
    "call": _call,
    "native": _native,
    "elsewhere": _elsewhere,
}


def _mark(
    pairs: Obj, expected: Expected, rng: random.Random, quirks: frozenset[str], key: Callable[[str], str]
) -> None:
    """Thought and signature."""
    if "thought" in quirks:
        pairs.insert(rng.choice([0, len(pairs)]), ("thought", True))
        expected.thought = True
    elif "odd-thought" in quirks:
        said = rng.choice([None, False, "true", 1, {}])
        pairs.append(("thought", said))
        expected.thought = False if said is None or said is False else ANY
    if "signed" in quirks:
        signature = rng.randbytes(rng.choice([1, 20, 67, 900, 150_000 if "long-signature" in quirks else 2]))
        text: Any = base64.b64encode(signature).decode()
        if "bad-signature" in quirks:
            text, signature = rng.choice(["!!!", 5, {"a": 1}]), b""
        elif "urlsafe-signature" in quirks:
            text = base64.urlsafe_b64encode(signature).decode().rstrip("=")
        elif "escaped-signature" in quirks:
            text = Base64(text, "all")
        expected.signature = signature
        pairs.insert(rng.choice([0, len(pairs)]), (key("thoughtSignature"), text))
    elif "no-signature" in quirks:
        pairs.append((key("thoughtSignature"), rng.choice([None, ""])))


def _surround(pairs: Obj, expected: Expected, part: PartPlan, plan: Plan, key: Callable[[str], str]) -> None:
    """Other fields of the part."""
    there = {snake(name) for name, _ in pairs}
    quirks = frozenset(part.quirks)
    rng = plan.rng(part.ident, "around")
    if "nulls" in quirks:
        pairs += [(key(name), None) for name in _OTHERS if snake(name) not in there]
    if "null-twins" in quirks:
        pairs += [(snake(name) if name != snake(name) else name.upper(), None) for name, _ in list(pairs)]
    if "empty-text" in quirks and "text" not in there:
        pairs[:] = [pair for pair in pairs if pair[0] != "text"] + [("text", "")]
    if "text-beside" in quirks and "text" not in there:
        expected.beside = f"‹beside {part.ident}›"
        pairs[:] = [pair for pair in pairs if pair[0] != "text"] + [("text", expected.beside)]
    for sort in odd.SORTS:
        if f"unknown-{sort}" in quirks:
            name = f"extra{part.ident}{sort}"
            value, arrives = odd.value(plan.rng(part.ident, name), sort)
            pairs.insert(rng.randint(0, len(pairs)), (name, value))
            expected.fields[name] = arrives
    if "call-beside" in quirks and not expected.beside:
        expected.beside = f"‹beside {part.ident}›"
        pairs[:] = [pair for pair in pairs if snake(pair[0]) != "function_call"]
        pairs.append((key("functionCall"), {"name": "f", "args": {"a": expected.beside}}))
    if "unknown-twice" in quirks:
        name = f"extra{part.ident}twice"
        pairs += [(name, {"a": 1}), (name, [2])]
    if "part-metadata" in quirks:
        value = {"source": odd.text(rng), "data": "QUJD"}
        pairs.append((key("partMetadata"), value))
        expected.fields["partMetadata"] = value
