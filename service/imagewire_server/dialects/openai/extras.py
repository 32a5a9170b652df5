"""What an assistant's message brings back in `provider_specific_fields`, as the parts that it was made of."""

import msgspec
from msgspec.structs import replace

from imagewire_server.contract import pb
from imagewire_server.dialects.openai import layout, picture
from imagewire_server.dialects.openai.pieces import encoded
from imagewire_server.dialects.openai.reading import Reading
from imagewire_server.dialects.openai.shared_request import AnswerImage, Extras

# A part, and the caller's field that it came from.
Named = tuple[pb.Part, str]


def parts_of(
    reading: Reading,
    message: tuple[str, str],
    extras: Extras | None,
    field: str,
    *,
    images: list[Named],
    calls: list[Named],
) -> list[Named]:
    """The parts of a message in their order, each with what belongs to it. message: its content and its thoughts."""
    given = extras or Extras()
    where = f"{field}.provider_specific_fields"
    natives = _natives(reading, given, where)
    media = _media(reading, given, where)
    others = {"image": images, "tool_call": calls, "native": natives, "media": media}
    pieces = layout.Pieces(*message, {name: [part for part, _ in named] for name, named in others.items()})
    try:
        parts = pieces.parts(pieces.default() if given.parts is None else given.parts)
        if given.thought_signatures is not None:
            layout.sign(parts, given.thought_signatures)
        if given.native_fields is not None:
            layout.add_native_fields(parts, given.native_fields)
        if given.native_fields_json is not None:
            layout.add_native_fields(parts, given.native_fields_json, text=True)
    except ValueError as error:
        reading.refuse(where, str(error))
        return []
    fields = {id(part): name for named in others.values() for part, name in named}
    return [(part, fields.get(id(part), f"{field}.content")) for part in parts]


def shown(reading: Reading, entry: AnswerImage, field: str, *, answered: bool) -> Named:
    """A picture of `images`; where its `mime_type` says that it is none, other media."""
    where = f"{field}.image_url.url"
    said = entry.mime_type or "image/"
    if answered and not said.startswith("image/"):
        try:
            return pb.Part(media=picture.media(entry.image_url.url, said), thought=bool(entry.thought)), where
        except ValueError as error:
            reading.refuse(where, str(error))
    url = replace(entry.image_url, format=entry.mime_type) if entry.mime_type else entry.image_url
    image = reading.image(url, where, answered=answered)
    return pb.Part(image=image, thought=bool(entry.thought)), where


def _natives(reading: Reading, given: Extras, where: str) -> list[Named]:
    made: list[Named] = []
    for i, one in enumerate(given.native_parts or ()):
        field = f"{where}.native_parts[{i}]"
        if (one.value is msgspec.UNSET) == (one.value_json is None):
            reading.refuse(f"{field}.value", "is required, or value_json in its place; send the part as it came")
            continue
        text = encoded(one.value).decode() if one.value_json is None else one.value_json
        made.append((pb.Part(native={"kind": one.kind, "value_json": text}, thought=bool(one.thought)), field))
    return made


def _media(reading: Reading, given: Extras, where: str) -> list[Named]:
    made: list[Named] = []
    for i, one in enumerate(given.media or ()):
        field = f"{where}.media[{i}]"
        try:
            media = picture.media(one.url, one.mime_type)
        except ValueError as error:
            reading.refuse(f"{field}.url", str(error))
            continue
        media.display_name = one.display_name or ""
        made.append((pb.Part(media=media, thought=bool(one.thought)), field))
    return made
