"""The same answers as google-genai's own client reads them."""

import base64
import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from google import genai
from google.genai import types

from tests.fuzz.judge import normal, same
from tests.fuzz.plan import Expected
from tests.fuzz.seen import Seen

# Fields of Google's type that are a part's content, and that this contract passes as native parts.
_NATIVE = ("executable_code", "code_execution_result", "tool_call", "tool_response")


@contextlib.contextmanager
def client(url: str) -> Iterator[genai.Client]:
    """Google's client, which asks this upstream."""
    with genai.Client(api_key="a-key", http_options=types.HttpOptions(base_url=url)) as made:
        yield made


def read(google: genai.Client, model: str, *, stream: bool) -> Seen:
    """What Google's client makes of a model's answer. It blocks."""
    seen = Seen(candidates={0: []}, finishes={0: ""})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Google's client warns of what it does not know
        try:
            if stream:
                for chunk in google.models.generate_content_stream(model=model, contents="x"):
                    _add(seen, chunk)
            else:
                _add(seen, google.models.generate_content(model=model, contents="x"))
        except Exception as error:  # noqa: BLE001  # its errors are of many kinds
            seen.error = f"{type(error).__name__}: {error}"[:300]
    return seen


def _add(seen: Seen, chunk: Any) -> None:
    for candidate in chunk.candidates or ():
        if candidate is None:
            continue
        content = candidate.content
        parts = (content.parts if content else None) or ()
        seen.candidates[0] += [_part(part) for part in parts if part is not None]
        word = candidate.finish_reason
        if word is not None:
            seen.finishes[0] = getattr(word, "value", word)


def _part(part: types.Part) -> Expected:
    made = Expected("text", part.text or "", bool(part.thought), part.thought_signature or b"")
    if part.inline_data is not None and part.inline_data.data:
        mime = part.inline_data.mime_type or ""
        made.kind = "picture" if mime.lower().startswith("image/") or not mime else "media"
        made.value, made.mime = part.inline_data.data, mime
    elif part.function_call is not None:
        call = part.function_call
        made.kind, made.value, made.name, made.ident = "call", call.args or {}, call.name or "", call.id or ""
    elif part.file_data is not None:
        made.kind = "picture-elsewhere" if (part.file_data.mime_type or "").startswith("image/") else "media-elsewhere"
        made.value = part.file_data.file_uri
    else:
        for name in _NATIVE:
            if getattr(part, name) is not None:
                made.kind, made.name, made.value = "native", name, None
    return made


def differences(ours: Seen, theirs: Seen) -> list[str]:
    """Where the two differ: texts, pictures, order, finish, function calls."""
    if ours.error or theirs.error:
        return [f"ours: {ours.error or 'OK'}, theirs: {theirs.error or 'OK'}"] if ours.error or theirs.error else []
    found = []
    left, right = (normal(seen.candidates.get(0, [])) for seen in (ours, theirs))
    if [part.kind for part in left] != [part.kind for part in right]:
        return [f"parts: ours {[part.kind for part in left]}, theirs {[part.kind for part in right]}"]
    for a, b in zip(left, right, strict=True):
        if a.kind != "native" and not same([_plain(a.value)], [_plain(b.value)]):
            found.append(f"{a.kind}: ours {a.value!r:.120}, theirs {b.value!r:.120}")
        if a.kind != "texts" and (a.thought, a.signature) != (b.thought, b.signature):
            found.append(f"{a.kind}: marks")
        if a.kind == "call" and (a.name, a.ident) != (b.name, b.ident):
            found.append("call: name or id")
    if ours.finishes.get(0, "") != theirs.finishes[0]:
        found.append(f"finish: ours {ours.finishes.get(0)!r}, theirs {theirs.finishes[0]!r}")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [list(pair) for pair in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
