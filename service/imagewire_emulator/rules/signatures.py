"""Thought signatures: how the 3-series makes them, and how it checks those that come back."""

import base64
import hashlib
import hmac
import itertools
from typing import Any

from imagewire_emulator import native_parts
from imagewire_emulator.errors import ApiError, invalid

Json = dict[str, Any]

_SECRET = b"imagewire emulator"
# Google's documented placeholder for the signature of a part that it did not sign. Clients send it plain or in base64.
_UNSIGNED = b"skip_thought_signature_validator"
_UNSIGNED_FORMS = (_UNSIGNED, base64.urlsafe_b64decode(_UNSIGNED))
_GEMINI_PAGE = "https://ai.google.dev/gemini-api/docs/thought-signatures"
_VERTEX_PAGE = "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thought-signatures"


def signature(kind: str, content: bytes = b"") -> bytes:
    """The thought signature of a part.

    It is calculated from the bytes of a picture, the name of a call, the kind of native data, and nothing for text.
    """
    return hmac.digest(_SECRET, kind.encode() + b"\0" + hashlib.sha256(content).digest(), "sha256")


CONTINUATION_TOKEN = signature("continuation")
CONTINUATION = base64.b64encode(CONTINUATION_TOKEN).decode()


def check(contents: list[Json], *, vertex: bool) -> None:
    """Raise ApiError for a signature that is missing or is not that of its part.

    Google requires it on each picture of a model turn, on the text that the turn starts with (on one of its pieces, if
    it was streamed), and on the first call of each step since the user's last own turn. Thoughts have none. Vertex AI
    requires it on calls only.
    """
    current = max((i for i, content in enumerate(contents) if _is_own_turn(content)), default=0)
    before = "user"
    for i, content in enumerate(contents):
        role = content.get("role", "user")
        if role == "model":
            parts = [(j, part) for j, part in enumerate(content["parts"]) if not part.get("thought")]
            for _, part in parts:
                _check_given(part, vertex=vertex)
            if i > current:
                _check_calls(parts, i, vertex=vertex)
            if not vertex:
                _check_pictures(parts, i)
                if before != "model":
                    _check_text(contents, i)
        before = role


def _is_own_turn(content: Json) -> bool:
    """Whether the user says something, other than responses of functions."""
    return content.get("role") != "model" and not all("functionResponse" in part for part in content["parts"])


def _check_given(part: Json, *, vertex: bool) -> None:
    given = part.get("thoughtSignature")
    if given not in (None, _made(part), *_UNSIGNED_FORMS):
        words = "Thought signature is not valid."
        raise invalid(f"Unable to submit request because {words}. Learn more: {_VERTEX_PAGE}" if vertex else words)


def _check_calls(parts: list[tuple[int, Json]], turn: int, *, vertex: bool) -> None:
    first = next((part for _, part in parts if "functionCall" in part), None)
    if first is None or "thoughtSignature" in first:
        return
    name = first["functionCall"]["name"]
    if vertex:
        raise invalid(
            f"Unable to submit request because function call `{name}` in the {turn + 1}. content block is missing a"
            f" `thought_signature`. Learn more: {_VERTEX_PAGE}"
        )
    raise invalid(
        "Function call is missing a thought_signature in functionCall parts. This is required for tools to work"
        " correctly, and missing thought_signature may lead to degraded model performance. Additional data, function"
        f" call `default_api:{name}` , position {turn + 1}. Please refer to {_GEMINI_PAGE} for more details."
    )


def _check_pictures(parts: list[tuple[int, Json]], turn: int) -> None:
    for j, part in parts:
        if _is_picture(part) and "thoughtSignature" not in part:
            raise _missing("Image", turn, j)


def _check_text(contents: list[Json], turn: int) -> None:
    """Check the text with which the model's turn starts. An SDK keeps the pieces of a stream as separate contents."""
    same = itertools.takewhile(lambda content: content.get("role") == "model", contents[turn:])
    own = [part for content in same for part in content["parts"] if not part.get("thought")]
    pieces = list(itertools.takewhile(lambda part: "text" in part, own))
    if pieces and not any("thoughtSignature" in piece for piece in pieces):
        raise _missing("Text", turn, _index(contents[turn]["parts"]))


def _index(parts: list[Json]) -> int:
    return next((j for j, part in enumerate(parts) if not part.get("thought")), 0)


def _missing(word: str, turn: int, part: int) -> ApiError:
    return invalid(
        f"{word} part is missing a thought_signature in content position {turn + 1}, part position {part + 1}."
        f" Please refer to {_GEMINI_PAGE}#model-behavior for more details."
    )


def _is_picture(part: Json) -> bool:
    mime_type: str = part.get("inlineData", {}).get("mimeType", "")
    return mime_type.startswith("image/")


def _made(part: Json) -> bytes:
    if _is_picture(part):
        return signature("image", part["inlineData"]["data"])
    if "functionCall" in part:
        return signature("call", part["functionCall"]["name"].encode())
    return signature(*native_parts.signed_by(native_parts.kind(part)))
