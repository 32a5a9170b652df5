"""A body cut short, or a picture in it made impossible: never to be passed as whole."""

import random
from typing import Any

from tests.fuzz.framing import Framed
from tests.fuzz.json_text import Base64, Obj, Raw
from tests.fuzz.plan import Plan, Truth

CUTS = ("cut-in-picture", "cut-in-document", "cut-in-last-document")
CORRUPTIONS = ("bad-sign", "bad-length", "padding-inside", "bad-escape", "line-break-inside", "not-a-string")
OTHERS = ("error-document",)


def corrupt(plan: Plan, documents: list[Any], truth: Truth) -> list[Any]:
    """The same documents, one picture's base64 made impossible."""
    rng = plan.rng("corrupt")
    if plan.damage == "error-document":
        truth.outcome, truth.reason = "error", "UPSTREAM_INTERNAL"
        # Before the model has said that it is done: whether an error behind that is one, nobody can tell.
        done = next(number for number, document in enumerate(documents) if _ended(document))
        error: Any = {"error": {"code": 500, "message": "it broke", "status": "INTERNAL"}}
        return [*documents[: rng.randint(0, done)], error]
    # Other media that is no base64 may be left out and named; a picture never.
    there = [blob for blob in blobs(documents) if not any(_says_other_media(inner) for _, inner in blob)]
    if not there:
        return documents
    blob = rng.choice(there)
    at, (name, value) = next((i, pair) for i, pair in enumerate(blob) if isinstance(pair[1], Base64))
    truth.outcome, truth.reason = "error", "UPSTREAM_MALFORMED"
    said = {key: inner for key, inner in blob if isinstance(inner, str)}
    mime = said.get("mimeType") or said.get("mime_type") or ("" if plan.damage == "not-a-string" else "image/")
    if not mime.lower().startswith("image/"):
        # Other media may be left out where they are corrupt; they must not come as something else.
        truth.outcome = "unaltered"
    blob[at] = name, _broken(plan.damage, value.text, rng)
    return documents


def cut(plan: Plan, framed: Framed, encoded: list[bytes], truth: Truth) -> bytes:
    """The body's beginning, up to a byte within a document."""
    rng, body = plan.rng("cut"), framed.body
    truth.outcome, truth.reason = "error", "UPSTREAM_CUT"
    if plan.damage == "cut-in-picture":
        longest = max(encoded, key=len, default=b"")
        found = body.find(longest) if longest else -1
        if found >= 0:
            return body[: found + rng.randint(1, len(longest))]
    spans = [(start, end) for start, end in framed.spans if end - start > 12]
    start, end = spans[-1] if plan.damage == "cut-in-last-document" else rng.choice(spans)
    return body[: rng.randint(start + 1, end - 1)]


def _says_other_media(value: Any) -> bool:
    return isinstance(value, str) and value.lower().startswith(("audio/", "video/", "application/", "text/"))


def _ended(document: Any) -> bool:
    if isinstance(document, Obj):
        return any(name in {"finishReason", "finish_reason"} or _ended(inner) for name, inner in document)
    return isinstance(document, list) and any(map(_ended, document))


def blobs(value: Any) -> list[Obj]:
    """The objects that hold a file's base64."""
    found = []
    if isinstance(value, Obj):
        if any(isinstance(inner, Base64) and len(inner.text) > 20 and "igna" not in name for name, inner in value):
            found.append(value)
        for _, inner in value:
            found += blobs(inner)
    elif isinstance(value, list):
        for inner in value:
            found += blobs(inner)
    return found


def _broken(how: str, text: str, rng: random.Random) -> Any:
    bare = text.rstrip("=")
    at = rng.randint(1, len(bare) - 1)
    if how == "bad-sign":
        return text[:at] + rng.choice(["!", "*", "é", "\u0000", "%", "\\"]) + text[at:]
    if how == "bad-length":
        return bare[: len(bare) // 4 * 4 - 3]
    if how == "padding-inside":
        return bare[: at // 4 * 4] + "QQ==" + bare[at // 4 * 4 :]
    if how == "bad-escape":
        return Raw(
            f'"{bare[:at]}{rng.choice([chr(92) + "x", chr(92) + "u12", chr(92) + "u00zz"])}{bare[at:]}"'.encode()
        )
    if how == "line-break-inside":
        return Raw(f'"{bare[:at]}\t\x01{bare[at:]}"'.encode())
    return rng.choice([5, True, [bare], {"a": bare}])
