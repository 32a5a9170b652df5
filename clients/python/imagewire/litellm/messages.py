"""Reads OpenAI's messages. Every key is used or refused by name; signatures go back on their parts."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from imagewire.answer import Answer
from imagewire.errors import invalid
from imagewire.images import Detail, Image, image
from imagewire.litellm import assistant_message
from imagewire.litellm.drops import Drops
from imagewire.litellm.tool_result import tool_result
from imagewire.litellm.types import Message as OwnMessage
from imagewire.messages import picture
from imagewire.v1.message_pb2 import ChatMessage, Media, Part, Role

Messages = Iterable[Mapping[str, Any] | OwnMessage | Answer]

_ROLES = {
    "system": Role.ROLE_SYSTEM,
    "developer": Role.ROLE_SYSTEM,
    "user": Role.ROLE_USER,
    "assistant": Role.ROLE_ASSISTANT,
    "tool": Role.ROLE_TOOL,
}
_KEYS = {"role", "content"}
_TOOL_KEYS = _KEYS | {"tool_call_id", "name"}
_ANSWER_KEYS = _KEYS | {"reasoning_content", "image", "images", "tool_calls", "provider_specific_fields"}
_BESIDE_URL = frozenset({"detail", "format", "display_name"})
_PICTURE = 'must be {"url": "data:…" or "https://…"}'


def read_messages(messages: Messages, drops: Drops) -> list[ChatMessage]:
    """Make protobuf messages. Raises InvalidRequest, which names the wrong key. drops: takes what may be left out."""
    if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Iterable):
        raise invalid("messages", 'must be a list such as [{"role": "user", "content": "A banana"}]')
    calls: dict[str, str] = {}
    return [_read(message, f"messages[{i}]", calls, drops) for i, message in enumerate(messages)]


def _read(
    message: Mapping[str, Any] | OwnMessage | Answer, field: str, calls: dict[str, str], drops: Drops
) -> ChatMessage:
    """calls: names of the functions that the messages so far call, by the calls' ids. It grows."""
    if isinstance(message, Answer):
        message = OwnMessage(message)
    if isinstance(message, OwnMessage) and message.content == message.answer.text:
        calls.update({call.id: call.function.name for call in message.tool_calls or ()})
        try:
            return message.answer.message()
        except ValueError as error:
            raise invalid(field, f"cannot be sent back: {error}") from None
    if not isinstance(message, Mapping):
        message = _plain(message)  # an edited message, or one of OpenAI's or LiteLLM's own package
    if not isinstance(message, Mapping):
        raise invalid(field, 'must be a mapping such as {"role": "user", "content": "A banana"}')
    given = {key: message[key] for key in message if message[key] is not None}
    role = given.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise invalid(f"{field}.role", f"must be one of {', '.join(_ROLES)}; OpenAI's older role function is tool")
    unplaced = "thinking_blocks" in given
    keys = _ANSWER_KEYS if role == "assistant" else _TOOL_KEYS if role == "tool" else _KEYS
    if not given.keys() <= keys:
        _leave_out(given, keys, role, field, drops)
    if role == "assistant":
        given = {key: _plain(value) for key, value in given.items()}
        shown: list[Part] = []
        order: list[str] = []
        if isinstance(given.get("content"), list):
            given["content"], shown, order = _answered(given["content"], f"{field}.content", drops)
        parts = assistant_message.parts(
            given, [*shown, *_pictures(given, field)], field, drops, order, unplaced=unplaced
        )
        calls.update({call["id"]: call["function"]["name"] for call in given.get("tool_calls") or ()})
        return ChatMessage(role=Role.ROLE_ASSISTANT, parts=parts)
    parts = _content(given.get("content", ""), f"{field}.content", drops)
    if role == "tool":
        return tool_result(given, parts, calls, field)
    if role == "user" and all(part.WhichOneof("content") == "text" and not part.text for part in parts):
        raise invalid(f"{field}.content", "is empty; say what to draw")
    return ChatMessage(role=_ROLES[role], parts=parts)


def _leave_out(given: dict[str, Any], keys: set[str], role: str, field: str, drops: Drops) -> None:
    """Take out of a message what changes nothing. Raises InvalidRequest for other keys that it may not have."""
    drops.cache_control(given.pop("cache_control", None), field)
    if role == "assistant":
        _others(given, field, drops)
    if role not in {"assistant", "tool"}:
        given.pop("name", None)  # Google has no place for an author's name
    if unknown := sorted(given.keys() - keys):
        raise invalid(
            f"{field}.{unknown[0]}",
            f"is not supported in a message of role {role}; it may have {', '.join(sorted(keys))}",
        )


def _others(given: dict[str, Any], field: str, drops: Drops) -> None:
    """Take out of an assistant's message what LiteLLM's answers have beside ours; thoughts become the reasoning."""
    blocks = _plain(given.pop("thinking_blocks", None) or [])
    known = isinstance(blocks, list) and all(isinstance(one, dict) and one.get("type") == "thinking" for one in blocks)
    if known:
        if text := "".join(str(one.get("thinking") or "") for one in blocks):
            given.setdefault("reasoning_content", text)
    elif drops.enabled:
        drops.names.append(f"{field}.thinking_blocks")
    else:
        raise invalid(f"{field}.thinking_blocks", 'may have {"type": "thinking", "thinking": "…"} alone')
    if not given.get("annotations"):
        given.pop("annotations", None)
    for name in ("annotations", "audio"):
        if name in given:
            drops.unsupported(f"{field}.{name}", "is not supported in a message; leave it out", given.pop(name))


def _plain(value: Any) -> Any:
    """The value with dicts in the place of pydantic's objects and of this package's, also inside lists."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    dump = getattr(value, "model_dump", None)
    return dump(exclude_none=True) if dump is not None else value


def _answered(content: list[Any], field: str, drops: Drops) -> tuple[str, list[Part], list[str]]:
    """An assistant's content that is a list: its text, its pictures, and their order by the names of parts."""
    text, pictures, order = "", [], []
    for i, part in enumerate(content):
        match part:
            case {"type": "image_url", "image_url": _}:
                pictures.append(_entry(part, f"{field}[{i}]"))
                order.append("image")
            case _:
                said = _part(part, f"{field}[{i}]", drops).text
                text += said
                order += [f"text:{len(said)}"] if said else []
    return text, pictures, order


def _content(content: Any, field: str, drops: Drops) -> list[Part]:
    if isinstance(content, str):
        return [Part(text=content)]
    if not isinstance(content, list | tuple):
        raise invalid(field, "must be text or a list of parts")
    return [_part(part, f"{field}[{i}]", drops) for i, part in enumerate(content)]


def _part(part: Any, field: str, drops: Drops) -> Part:
    if isinstance(part, Mapping):
        given = {key: value for key, value in part.items() if value is not None}
        drops.cache_control(given.pop("cache_control", None), field)
        part = given
    match part:
        case {"type": "text", "text": str(text), **rest} if not rest:
            return Part(text=text)
        case {"type": "image_url", "image_url": given, **rest} if not rest:
            return _picture({"url": given} if isinstance(given, str) else given, f"{field}.image_url")
        case {"type": "file", "file": Mapping() as file, **rest} if not rest:
            return _file(file, f"{field}.file")
    raise invalid(field, 'must be {"type": "text", "text": …} or {"type": "image_url", "image_url": {"url": …}}')


def _file(given: Mapping[str, Any], field: str) -> Part:
    """A picture in OpenAI's form of a file, as LiteLLM takes it for Google's models."""
    match {key: value for key, value in given.items() if value is not None and key != "filename"}:
        case {"file_data": str(url), **rest} | {"file_id": str(url), **rest} if rest.keys() <= {"format", "detail"}:
            if url.startswith("data:image/") or str(rest.get("format")).startswith("image/"):
                return _picture({"url": url, **rest}, field)
    raise invalid(
        field, 'must be a picture: {"file_data": "data:image/…"} or {"file_id": "https://…", "format": "image/…"}'
    )


def _picture(given: Any, field: str, *, answered: bool = False) -> Part:
    if isinstance(given, Mapping) and isinstance(given.get("url"), str):
        given = {**given, "url": given["url"].lstrip()}
    match given:
        case {"url": str(url), **rest} if ("://" in url or url.startswith("data:")) and set(rest) <= _BESIDE_URL:
            detail: Any = rest.get("detail") or "auto"
            detail = "ultra_high" if detail == "original" else detail  # OpenAI's highest
            mime_type, name = rest.get("format") or "", str(rest.get("display_name") or "")
            if name and not answered:
                raise invalid(f"{field}.display_name", "is only for an answer's pictures; leave it out")
            if detail not in get_args(Detail) or not isinstance(mime_type, str):
                details = ", ".join(get_args(Detail))
                raise invalid(f"{field}.detail", f"must be one of {details}, and format a media type")
            file = assistant_message.file(url) if answered else None
            if file is not None:
                shown = Image(file[0], mime_type=mime_type or file[1], detail=detail)
            elif answered:
                shown = Image(uri=url, mime_type=mime_type, detail=detail)
            else:
                shown = _shown(url, detail, mime_type, field)
            return Part(image=picture(shown, name))
    raise invalid(field, _PICTURE)


def _shown(url: str, detail: Detail, mime_type: str, field: str) -> Image:
    try:
        return image(url, detail=detail, mime_type=mime_type)
    except ValueError:
        raise invalid(f"{field}.format", 'is needed: the name does not tell the type, such as "image/png"') from None


def _pictures(given: Mapping[str, Any], field: str) -> list[Part]:
    """The pictures of `images` and `image`. A picture in both is taken once."""
    found: list[Part] = []
    images = given.get("images", ())
    if not isinstance(images, list | tuple):
        raise invalid(f"{field}.images", "must be a list of pictures")
    for i, item in enumerate(images):
        found.append(_entry(item if isinstance(item, Mapping) else {}, f"{field}.images[{i}]"))
    extras = given.get("provider_specific_fields")
    moved = extras.get("image") if isinstance(extras, Mapping) else None
    image = given.get("image", moved)
    if image is not None:
        one = _picture(image, f"{field}.image", answered=True)
        if all((one.image.uri, one.image.data) != (part.image.uri, part.image.data) for part in found):
            found.append(one)
    return found


def _entry(entry: Mapping[str, Any], field: str) -> Part:
    """A picture of an answer, with what stands beside its URL."""
    given = entry.get("image_url")
    part = _picture({"url": given} if isinstance(given, str) else given, f"{field}.image_url", answered=True)
    part.thought = bool(entry.get("thought"))
    mime_type = entry.get("mime_type") or ""
    if not isinstance(mime_type, str):
        raise invalid(f"{field}.mime_type", "must be a media type such as image/png")
    return _with_media_type(part, mime_type)


def _with_media_type(part: Part, mime_type: str) -> Part:
    """Apply the media type that came after the bytes, over REST. It may say that the file is no picture."""
    if not mime_type:
        return part
    if mime_type.startswith("image/"):
        part.image.mime_type = mime_type
        return part
    shown = part.image
    media = Media(uri=shown.uri, mime_type=mime_type) if shown.uri else Media(data=shown.data, mime_type=mime_type)
    return Part(media=media, thought=part.thought)
