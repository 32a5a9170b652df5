"""Rebuilds the parts of an assistant message from its `provider_specific_fields`."""

from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import data_uri, part_order
from imagewire_server.formats.openai.common.encoder import encoded
from imagewire_server.formats.openai.common.shared_request import AnswerImage, Extras
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder


class Named(NamedTuple):
    """A part, and the caller's field that it came from. type_field: the one with the media type of a picture."""

    part: pb.Part
    field: str
    type_field: str = ""


class Said(NamedTuple):
    """The texts of a message. thoughts_field: the field with the thoughts."""

    content: str
    thoughts: str
    thoughts_field: str


def parts_of(
    builder: SpecBuilder,
    said: Said,
    extras: Extras | None,
    field: str,
    path: str,
    *,
    images: list[Named],
    calls: list[Named],
    unplaced: bool = False,
) -> list[pb.Part]:
    """The parts of a message in order, each with what belongs to it. field, path: those of the message. unplaced: the
    message is LiteLLM's, whose signatures do not say to which parts they belong: those that fit nowhere are left out.
    """
    given = extras or Extras()
    where = f"{field}.provider_specific_fields"
    natives = _natives(builder, given, where)
    media = _media(builder, given, where)
    others = {"image": images, "tool_call": calls, "native": natives, "media": media}
    pieces = part_order.Pieces(
        said.content, said.thoughts, {name: [one.part for one in named] for name, named in others.items()}
    )
    try:
        parts = pieces.parts(pieces.default() if given.parts is None else given.parts)
    except ValueError as error:
        builder.refuse(where, str(error))
        return []
    known = {id(one.part): one for named in others.values() for one in named}
    for i, part in enumerate(parts):
        text = f"{field}.{said.thoughts_field if part.thought else 'content'}"
        at, named = f"{path}.parts[{i}]", known.get(id(part), Named(part, text))
        builder.from_field(at, named.field)
        if part.HasField("image"):
            builder.image_from_field(f"{at}.image", named.field)
        if named.type_field:
            builder.from_field(f"{at}.image.mime_type", named.type_field)
    for name in ("thought_signatures", "native_fields", "native_fields_json"):
        values = getattr(given, name)
        if values is None:
            continue
        if len(values) != len(parts):
            if unplaced and name == "thought_signatures" and given.parts is None:
                continue
            words = f"has {len(values)} entries for {len(parts)} parts; send the answer back unchanged"
            builder.refuse(f"{where}.{name}", words)
            continue
        for i, (part, value) in enumerate(zip(parts, values, strict=True)):
            put(builder, part, name, value, f"{where}.{name}[{i}]", f"{path}.parts[{i}]")
    return parts


def put(builder: SpecBuilder, part: pb.Part, name: str, value: Any, field: str, path: str) -> None:
    """Set a value that belongs to a part, if any (see part_order.put). field, path: of the value, of the part."""
    if value:
        try:
            builder.from_field(f"{path}.{part_order.put(part, name, value)}", field)
        except ValueError as error:
            builder.refuse(field, str(error))


def shown(builder: SpecBuilder, entry: AnswerImage, field: str, *, answered: bool) -> Named:
    """A picture of `images`; other media if its `mime_type` says so."""
    where = f"{field}.image_url.url"
    said = entry.mime_type or "image/"
    if answered and not said.startswith("image/"):
        try:
            media = data_uri.media(entry.image_url.url, said)
        except ValueError as error:
            builder.refuse(where, str(error))
        else:
            media.display_name = entry.image_url.display_name or ""
            return Named(pb.Part(media=media, thought=bool(entry.thought)), where)
    url = replace(entry.image_url, format=entry.mime_type) if entry.mime_type else entry.image_url
    image = builder.image(url, where, answered=answered)
    type_field = f"{field}.mime_type" if entry.mime_type else ""
    return Named(pb.Part(image=image, thought=bool(entry.thought)), where, type_field)


def _natives(builder: SpecBuilder, given: Extras, where: str) -> list[Named]:
    made: list[Named] = []
    for i, one in enumerate(given.native_parts or ()):
        field = f"{where}.native_parts[{i}]"
        if (one.value is msgspec.UNSET) == (one.value_json is None):
            builder.refuse(f"{field}.value", "is required, or value_json instead; send the part back unchanged")
            continue
        text = encoded(one.value).decode() if one.value_json is None else one.value_json
        made.append(Named(pb.Part(native={"kind": one.kind, "value_json": text}, thought=bool(one.thought)), field))
    return made


def _media(builder: SpecBuilder, given: Extras, where: str) -> list[Named]:
    made: list[Named] = []
    for i, one in enumerate(given.media or ()):
        field = f"{where}.media[{i}]"
        try:
            media = data_uri.media(one.url, one.mime_type)
        except ValueError as error:
            builder.refuse(f"{field}.url", str(error))
            continue
        media.display_name = one.display_name or ""
        made.append(Named(pb.Part(media=media, thought=bool(one.thought)), field))
    return made
