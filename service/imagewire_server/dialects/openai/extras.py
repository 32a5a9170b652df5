"""What an assistant's message brings back in `provider_specific_fields`, as the parts that it was made of."""

from typing import Any

from imagewire_server.contract import pb
from imagewire_server.dialects.openai import layout, picture
from imagewire_server.dialects.openai.pieces import encoded
from imagewire_server.dialects.openai.reading import Reading
from imagewire_server.dialects.openai.shared_request import Extras

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
    natives = [
        (pb.Part(native=native(one.kind, one.value), thought=bool(one.thought)), f"{where}.native_parts[{i}]")
        for i, one in enumerate(given.native_parts or ())
    ]
    media = _media(reading, given, where)
    others = {"image": images, "tool_call": calls, "native": natives, "media": media}
    pieces = layout.Pieces(*message, {name: [part for part, _ in named] for name, named in others.items()})
    try:
        parts = pieces.parts(pieces.default() if given.parts is None else given.parts)
        if given.thought_signatures is not None:
            layout.sign(parts, given.thought_signatures)
        if given.native_fields is not None:
            layout.add_native_fields(parts, given.native_fields)
    except ValueError as error:
        reading.refuse(where, str(error))
        return []
    fields = {id(part): name for named in others.values() for part, name in named}
    return [(part, fields.get(id(part), f"{field}.content")) for part in parts]


def native(kind: str, value: Any) -> pb.NativePart:
    """A part of a kind that only the provider has."""
    return pb.NativePart(kind=kind, value_json=encoded(value).decode())


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
