"""OpenAI's messages as the contract's. Every key is honoured or refused by name; signatures go back on their parts."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from imagewire import _image, _message
from imagewire._answer import Answer
from imagewire._errors import invalid
from imagewire._openai_types import Message as OwnMessage
from imagewire._openai_types import Record
from imagewire.v1.message_pb2 import ChatMessage, Part, Role

Messages = Iterable[Mapping[str, Any] | OwnMessage | Answer]

_ROLES = {
    "system": Role.ROLE_SYSTEM,
    "developer": Role.ROLE_SYSTEM,
    "user": Role.ROLE_USER,
    "assistant": Role.ROLE_ASSISTANT,
}
_KEYS = {"role", "content"}
_ANSWER_KEYS = _KEYS | {"reasoning_content", "image", "images", "provider_specific_fields"}
_AS_IT_CAME = "does not fit the message; send the answer back as it came"
_PICTURE = 'must be {"url": "data:…" or "https://…"}'


def read(messages: Messages) -> list[ChatMessage]:
    """The chat. Raises InvalidRequest."""
    if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Iterable):
        raise invalid("messages", 'must be a list such as [{"role": "user", "content": "A banana"}]')
    return [_read(message, f"messages[{i}]") for i, message in enumerate(messages)]


def _read(message: Mapping[str, Any] | OwnMessage | Answer, field: str) -> ChatMessage:
    if isinstance(message, OwnMessage):
        message = message.answer
    if isinstance(message, Answer):
        return message.message()
    if not isinstance(message, Mapping):
        raise invalid(field, 'must be a mapping such as {"role": "user", "content": "A banana"}')
    given = {key: message[key] for key in message if message[key] is not None}
    role = given.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise invalid(
            f"{field}.role", f"must be one of {', '.join(_ROLES)}; a tool's messages are Client's, as a Spec's"
        )
    keys = _ANSWER_KEYS if role == "assistant" else _KEYS
    if unknown := sorted(set(given) - keys):
        raise invalid(
            f"{field}.{unknown[0]}", f"is not served in a message of role {role}; it may have {', '.join(sorted(keys))}"
        )
    if role == "assistant":
        return ChatMessage(role=Role.ROLE_ASSISTANT, parts=_answer(given, field))
    parts = _content(given.get("content", ""), f"{field}.content")
    if role == "user" and all(part.WhichOneof("content") == "text" and not part.text for part in parts):
        raise invalid(f"{field}.content", "is empty; say what to draw")
    return ChatMessage(role=_ROLES[role], parts=parts)


def _content(content: Any, field: str) -> list[Part]:
    if isinstance(content, str):
        return [Part(text=content)]
    if not isinstance(content, list | tuple):
        raise invalid(field, "must be text or a list of parts")
    return [_part(part, f"{field}[{i}]") for i, part in enumerate(content)]


def _part(part: Any, field: str) -> Part:
    match part:
        case {"type": "text", "text": str(text), **rest} if not rest:
            return Part(text=text)
        case {"type": "image_url", "image_url": picture, **rest} if not rest:
            return _picture({"url": picture} if isinstance(picture, str) else picture, f"{field}.image_url")
    raise invalid(field, 'must be {"type": "text", "text": …} or {"type": "image_url", "image_url": {"url": …}}')


def _picture(given: Any, field: str) -> Part:
    match given:
        case {"url": str(url), **rest} if ("://" in url or url.startswith("data:")) and set(rest) <= {
            "detail",
            "format",
        }:
            detail, mime_type = rest.get("detail") or "auto", rest.get("format") or ""
            if detail not in {"auto", "low", "high"} or not isinstance(mime_type, str):
                raise invalid(f"{field}.detail", "must be auto, low or high, and format a media type")
            return Part(image=_message.picture(_image.image(url, detail=detail, mime_type=mime_type)))
    raise invalid(field, _PICTURE)


def _answer(given: Mapping[str, Any], field: str) -> list[Part]:
    """An earlier answer's parts: in the order that went with it, else thoughts, text, pictures."""
    texts = {"text": given.get("content", ""), "thought": given.get("reasoning_content", "")}
    for key, text in (("content", texts["text"]), ("reasoning_content", texts["thought"])):
        if not isinstance(text, str):
            raise invalid(f"{field}.{key}", "must be text in a message of role assistant; its pictures stand in images")
    pictures = _pictures(given, field)
    where = f"{field}.provider_specific_fields"
    extras = given.get("provider_specific_fields", {})
    if not isinstance(extras, Mapping):
        raise invalid(where, _AS_IT_CAME)
    layout = extras.get("parts") or [
        *(f"{kind}:{len(texts[kind])}" for kind in ("thought", "text") if texts[kind]),
        *("image" for _ in pictures),
    ]
    if not isinstance(layout, list):
        raise invalid(where, _AS_IT_CAME)
    parts: list[Part] = []
    for name in layout:
        kind, _, length = str(name).partition(":")
        if kind in texts and length.isdecimal() and int(length) <= len(texts[kind]):
            text, texts[kind] = texts[kind][: int(length)], texts[kind][int(length) :]
            parts.append(Part(text=text, thought=kind == "thought"))
        elif kind == "image" and pictures:
            parts.append(pictures.pop(0))
        else:
            raise invalid(where, _AS_IT_CAME)
    signatures = extras.get("thought_signatures") or [None] * len(parts)
    if any(texts.values()) or pictures or not isinstance(signatures, list) or len(signatures) != len(parts):
        raise invalid(where, _AS_IT_CAME)
    for part, signature in zip(parts, signatures, strict=True):
        try:
            part.thought_signature = base64.b64decode(signature or "", validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise invalid(where, _AS_IT_CAME) from None
    return parts


def _pictures(given: Mapping[str, Any], field: str) -> list[Part]:
    """The pictures of `images` and `image`; the one that stands in both is one."""
    found: list[Part] = []
    images = given.get("images", ())
    if not isinstance(images, list | tuple):
        raise invalid(f"{field}.images", "must be a list of pictures")
    for i, item in enumerate(images):
        entry = _plain(item)
        part = _picture(entry.get("image_url"), f"{field}.images[{i}].image_url")
        part.thought = bool(entry.get("thought"))
        found.append(part)
    if "image" in given:
        one = _picture(_plain(given["image"]), f"{field}.image")
        if all(one.image.uri != part.image.uri for part in found):
            found.append(one)
    return found


def _plain(value: Any) -> Mapping[str, Any]:
    """A mapping, whether it came as one or as one of our records; empty for what is none."""
    if isinstance(value, Record):
        return value.model_dump()
    return value if isinstance(value, Mapping) else {}
