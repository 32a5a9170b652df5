"""Reads an earlier answer's message back into the parts that it was made of (`provider_fields` has their order)."""

import base64
import binascii
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from imagewire.errors import invalid
from imagewire.litellm import native_json
from imagewire.litellm.drops import Drops
from imagewire.litellm.provider_fields import OWN_CALL_ID
from imagewire.v1.message_pb2 import FunctionCall, Media, NativePart, Part

_AS_IT_CAME = "does not match the message; send the answer back unchanged"
# LiteLLM's client moves the message's field `image` here.
_EXTRAS = {"parts", "thought_signatures", "native_fields", "native_fields_json", "native_parts", "media", "image"}
_TEXT = re.compile(r"(text|thought):([0-9]{1,10})")


def parts(
    given: Mapping[str, Any],
    pictures: Sequence[Part],
    field: str,
    drops: Drops,
    order: Sequence[str] = (),
    *,
    unplaced: bool = False,
) -> list[Part]:
    """The parts, in the order that came with the message or the default one. Raises InvalidRequest.

    order: that of the content, whose pictures come first, if it was a list. unplaced: the message is LiteLLM's, whose
    signatures do not say to which parts they belong: those that fit nowhere are left out. drops: gets the names of what
    no answer of ours has.
    """
    texts = {"text": given.get("content", ""), "thought": given.get("reasoning_content", "")}
    for key, text in (("content", texts["text"]), ("reasoning_content", texts["thought"])):
        if not isinstance(text, str):
            raise invalid(f"{field}.{key}", "must be text in a message of role assistant; its pictures are in images")
    where = f"{field}.provider_specific_fields"
    extras = given.get("provider_specific_fields", {})
    if not isinstance(extras, Mapping):
        raise invalid(where, _AS_IT_CAME)
    # LiteLLM puts there what other providers' answers have, such as citations.
    left_out = (str(name) for name, value in extras.items() if name not in _EXTRAS and value not in (None, [], {}, ""))
    drops.names += [f"{where}.{name[:64]}" for name in left_out]
    others = {
        "image": list(pictures),
        "tool_call": _each(given.get("tool_calls"), f"{field}.tool_calls", _call),
        "native": _each(extras.get("native_parts"), f"{where}.native_parts", _native),
        "media": _each(extras.get("media"), f"{where}.media", _media),
    }
    layout = extras.get("parts") or [
        *([f"thought:{len(texts['thought'])}"] if texts["thought"] else []),
        *(order or ([f"text:{len(texts['text'])}"] if texts["text"] else [])),
        *["image"] * (len(pictures) - order.count("image")),
        *(kind for kind, found in others.items() if kind != "image" for _ in found),
    ]
    if not isinstance(layout, list):
        raise invalid(where, _AS_IT_CAME)
    made = _in_order(layout, texts, others, where)
    signatures = extras.get("thought_signatures")
    if not (unplaced and not extras.get("parts") and isinstance(signatures, list) and len(signatures) != len(made)):
        _sign(made, signatures, where)
    _add_fields(made, extras.get("native_fields"), where, native_json.written)
    _add_fields(made, extras.get("native_fields_json"), where, _text)
    return made


def file(url: str) -> tuple[bytes, str] | None:
    """The bytes and media type of a data URI; None for another URI, and for bad base64."""
    head, comma, text = url.partition(";base64,")
    if not comma or not head.startswith("data:"):
        return None
    try:
        return base64.b64decode(text, validate=True), head.removeprefix("data:")
    except (binascii.Error, ValueError):
        return None


def _in_order(layout: list[Any], texts: dict[str, str], others: dict[str, list[Part]], where: str) -> list[Part]:
    made: list[Part] = []
    at = dict.fromkeys(texts, 0)
    left = {kind: deque(found) for kind, found in others.items()}
    for name in map(str, layout):
        kind, _, mark = name.partition(":")
        if match := _TEXT.fullmatch(name):
            begin, end = at[kind], at[kind] + int(match[2])
            if end > len(texts[kind]):
                raise invalid(where, _AS_IT_CAME)
            at[kind] = end
            made.append(Part(text=texts[kind][begin:end], thought=kind == "thought"))
        elif mark in {"", "thought"} and left.get(kind):
            made.append(left[kind].popleft())
            made[-1].thought = made[-1].thought or mark == "thought"
        else:
            raise invalid(where, _AS_IT_CAME)
    if any(at[kind] < len(text) for kind, text in texts.items()) or any(left.values()):
        raise invalid(where, _AS_IT_CAME)
    return made


def _sign(made: Sequence[Part], given: Any, where: str) -> None:
    signatures = given or [None] * len(made)
    if not isinstance(signatures, list) or len(signatures) != len(made):
        raise invalid(where, _AS_IT_CAME)
    for part, signature in zip(made, signatures, strict=True):
        try:
            part.thought_signature = base64.b64decode(signature or "", validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise invalid(where, _AS_IT_CAME) from None


def _add_fields(made: Sequence[Part], given: Any, where: str, read: Callable[[Any], str | None]) -> None:
    """read: makes JSON text of a field's value, None where that is impossible."""
    fields = given or [None] * len(made)
    if not isinstance(fields, list) or len(fields) != len(made):
        raise invalid(where, _AS_IT_CAME)
    for part, beside in zip(made, fields, strict=True):
        if not isinstance(beside, Mapping | None):
            raise invalid(where, _AS_IT_CAME)
        for name, value in (beside or {}).items():
            text = read(value)
            if text is None:
                raise invalid(where, _AS_IT_CAME)
            part.native_fields[str(name)] = text


def _each(given: Any, field: str, read: Callable[[Any], Part | None]) -> list[Part]:
    if not isinstance(given, list | tuple | None):
        raise invalid(field, _AS_IT_CAME)
    made = []
    for i, entry in enumerate(given or ()):
        part = read(entry)
        if part is None:
            raise invalid(f"{field}[{i}]", _AS_IT_CAME)
        made.append(part)
    return made


def _call(entry: Any) -> Part | None:
    match entry:
        case {"id": str(call_id), "function": {"name": str(name), "arguments": str(arguments)}}:
            own = "" if call_id.startswith(OWN_CALL_ID) else call_id
            return Part(function_call=FunctionCall(id=own, name=name, args_json=arguments))
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _native(entry: Any) -> Part | None:
    match entry:
        case {"kind": str(kind), "value_json": str(text), **rest} if "value" not in rest:
            value: str | None = text
        case {"kind": str(kind), "value": given, **rest} if rest.get("value_json") is None:
            value = native_json.written(given)
        case _:
            return None
    if not value:
        return None
    return Part(native=NativePart(kind=kind, value_json=value), thought=bool(rest.get("thought")))


def _media(entry: Any) -> Part | None:
    match entry:
        case {"mime_type": str(mime_type), "url": str(url), **rest}:
            media = Media(mime_type=mime_type, display_name=str(rest.get("display_name") or ""))
            if not url.startswith("data:"):
                media.uri = url
            elif (held := file(url)) is not None:
                media.data = held[0]
            else:
                return None
            return Part(media=media, thought=bool(rest.get("thought")))
    return None
