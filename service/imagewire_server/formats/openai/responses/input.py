"""Convert the input of a Responses request to messages: turns, and the items of earlier answers in their order."""

import hashlib
from typing import Any

from imagewire_server.contract import part_places, pb
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.openai.common import data_uri, input_file, returned_parts, wrong_fields
from imagewire_server.formats.openai.common.input_file import InputFilePart
from imagewire_server.formats.openai.common.json_decode import convert
from imagewire_server.formats.openai.common.shared_request import MOST_PARTS, ImageUrl
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder
from imagewire_server.formats.openai.common.tool_calls import function_call, function_result
from imagewire_server.formats.openai.responses import encrypted, item_ids
from imagewire_server.formats.openai.responses import request as responses_request
from imagewire_server.formats.openai.responses.request import (
    FunctionCallItem,
    FunctionResultItem,
    ImageCallItem,
    InputImage,
    MessageItem,
    Own,
    ReasoningItem,
    Refusal,
)

_ROLES = {
    "system": pb.Role.ROLE_SYSTEM,
    "developer": pb.Role.ROLE_SYSTEM,
    "user": pb.Role.ROLE_USER,
    "assistant": pb.Role.ROLE_ASSISTANT,
}


def read(builder: SpecBuilder, given: str | list[dict[str, Any]]) -> None:
    """Add the input to the spec."""
    if isinstance(given, str):
        builder.from_field(f"messages[{len(builder.spec.messages)}]", "input")
        builder.spec.messages.add(role=pb.Role.ROLE_USER, content=given)
        return
    builder.from_field("messages", "input")
    calls: dict[str, str] = {}
    drafts: set[bytes] = set()
    total = 0
    for i, raw in enumerate(encrypted.restored(builder, given)):
        field = f"input[{i}]"
        total += _size(raw)
        if total > MOST_PARTS:
            builder.refuse(field, f"makes the input longer than {MOST_PARTS} parts; leave earlier items out")
            return
        kind = raw.get("type", "message")
        if not isinstance(kind, str) or kind not in responses_request.ITEMS:
            known = ", ".join(responses_request.ITEMS)
            words = f"is not a supported type; use {known}"
            if kind == "item_reference":
                words = "refers to a stored item; use previous_response_id, or send the item itself"
            builder.refuse(f"{field}.type", words)
            continue
        try:
            item: object = convert(raw, responses_request.ITEMS[kind], field)
        except InvalidRequest:
            found = wrong_fields.of_value(raw, responses_request.ITEMS[kind], field, drops=builder.drops)
            builder.violations += found.violations
            builder.refuse_more(found.more)
            builder.dropped += found.dropped
            if found.request is None or found.violations:
                if kind == "function_call":
                    calls[str(raw.get("call_id"))] = "unknown"  # it is wrong, but it is there
                continue
            item = found.request
        at = len(builder.spec.messages)
        builder.from_field(f"messages[{at}]", field)
        _item(builder, item, field, at, calls, drafts)
        added = (part for message in builder.spec.messages[at:] for part in message.parts)
        drafts.update(_digest(part.image) for part in added if part.thought and part.HasField("image"))


def _size(raw: dict[str, Any]) -> int:
    """Count the pieces of an item that are processed one by one."""
    own = raw.get("provider_specific_fields")
    lists = [
        raw.get("content"),
        raw.get("summary"),
        raw.get("output"),
        *(own.values() if isinstance(own, dict) else ()),
    ]
    return sum(len(value) for value in lists if isinstance(value, list))


def _item(builder: SpecBuilder, item: object, field: str, at: int, calls: dict[str, str], drafts: set[bytes]) -> None:
    """Add an item. calls: those before it; its own is added. drafts: those before it."""
    messages = builder.spec.messages
    match item:
        case MessageItem():
            made = messages.add(role=_ROLES[item.role])
            _message(builder, item, made, field, at)
            if item.role == "assistant" and not any(map(_says, made.parts)):
                del messages[-1]  # it says nothing
        case ImageCallItem(result=None, url=None) if item.status == "failed" or item_ids.is_withheld(item.id):
            return
        case ImageCallItem():
            image = _drawn(builder, item, field, at)
            if image is not None:
                path = f"messages[{at}].parts[0]"
                builder.from_field(path, f"{field}.{'url' if item.url else 'result'}")
                builder.from_field(f"{path}.image.mime_type", f"{field}.output_format")
                part, own = pb.Part(image=image), item.provider_specific_fields
                _own(builder, part, own, field, path)
                if own is not None and own.display_name:
                    part.image.display_name = own.display_name
                    builder.from_field(f"{path}.image.display_name", f"{field}.provider_specific_fields.display_name")
                if not part.thought or _digest(part.image) not in drafts:
                    messages.add(role=pb.Role.ROLE_ASSISTANT, parts=[part])
        case FunctionCallItem():
            calls[item.call_id] = item.name
            part = function_call(builder, item.call_id, item.name, item.arguments, f"{field}.arguments")
            path = f"messages[{at}].parts[0]"
            builder.from_field(path, field)
            builder.from_field(f"{path}.function_call.args_json", f"{field}.arguments")
            _own(builder, part, item.provider_specific_fields, field, path)
            messages.add(role=pb.Role.ROLE_ASSISTANT, parts=[part])
        case FunctionResultItem():
            if item.call_id not in calls:
                builder.refuse(f"{field}.call_id", "matches no call in this input; send its function_call before it")
            name = calls.get(item.call_id, "unknown")
            messages.add(role=pb.Role.ROLE_TOOL, parts=[_result(builder, item, name, field, at)])
        case ReasoningItem():
            made = messages.add(role=pb.Role.ROLE_ASSISTANT)
            _thought(builder, item, made, field, at)
            if not any(map(_says, made.parts)):
                del messages[-1]  # it says nothing
                return


def _thought(builder: SpecBuilder, item: ReasoningItem, made: pb.ChatMessage, field: str, at: int) -> None:
    text = "".join(str(piece.get("text", "")) for piece in item.summary)
    own = item.provider_specific_fields
    where = f"{field}.provider_specific_fields.images"
    drafts = [
        returned_parts.shown(builder, entry, f"{where}[{k}]", answered=True)
        for k, entry in enumerate((own and own.images) or ())
    ]
    said = returned_parts.Said("", text, "summary")
    made.parts.extend(returned_parts.parts_of(builder, said, own, field, f"messages[{at}]", images=drafts, calls=[]))


def _digest(image: pb.Image) -> bytes:
    """What identifies the draft that is also sent as a picture, so that it is not added twice."""
    return hashlib.sha256(image.data or image.uri.encode()).digest()


def _drawn(builder: SpecBuilder, item: ImageCallItem, field: str, at: int) -> pb.Image | None:
    if item.url:
        said = f"image/{item.output_format}" if item.output_format else None
        return builder.image(ImageUrl(url=item.url, format=said), f"{field}.url", answered=True)
    if item.result is None:
        place = item_ids.place_of(item.id)
        image_id = item.image_id or (part_places.written(place) if place else "")
        if not image_id:
            words = "is required, or url, or image_id, or the id of a picture that was drawn here"
            builder.refuse(f"{field}.result", f"{words}; send the item as it came, or leave it out")
            return None
        builder.image_from_field(f"messages[{at}].parts[0].image", f"{field}.{'image_id' if item.image_id else 'id'}")
        return pb.Image(image_id=image_id)
    try:
        return data_uri.drawn(data_uri.decoded(item.result), item.output_format)
    except ValueError as error:
        builder.refuse(f"{field}.result", str(error))
        return None


def _result(builder: SpecBuilder, item: FunctionResultItem, name: str, field: str, at: int) -> pb.Part:
    text = item.output if isinstance(item.output, str) else ""
    pictures: list[pb.Image] = []
    for j, piece in enumerate(() if isinstance(item.output, str) else item.output):
        if isinstance(piece, InputImage | InputFilePart):
            where = f"{field}.output[{j}].{_source(piece)}"
            path = f"messages[{at}].parts[0].function_response.images[{len(pictures)}]"
            _image_from_field(builder, path, where)
            pictures.append(_shown(builder, piece, where))
        else:
            text += piece.text
    return function_result(builder, item.call_id, name, text, f"{field}.output", pictures)


def _shown(builder: SpecBuilder, piece: InputImage | InputFilePart, where: str) -> pb.Image:
    if isinstance(piece, InputFilePart):
        return _typed(builder, input_file.picture(builder, piece, where.rpartition(".")[0]), where)
    if piece.image_url is None and piece.file_id:
        return data_uri.kept(piece.file_id, piece.detail)
    if piece.image_url is None or piece.file_id:
        builder.refuse(where, "is required, or file_id; send one of the two")
        return pb.Image(data=b"refused", mime_type="image/png")  # so that its type is not named too
    return _typed(builder, builder.image(ImageUrl(url=piece.image_url, detail=piece.detail), where), where)


def _typed(builder: SpecBuilder, image: pb.Image, where: str) -> pb.Image:
    """Refuse a picture whose media type nobody can know: OpenAI has no field for it."""
    if image.uri.lower().startswith("gs:") and not image.mime_type:
        builder.refuse(
            where, "has no known media type; use a file name with a suffix, for example gs://bucket/picture.png"
        )
    return image


def _source(piece: InputImage | InputFilePart) -> str:
    if isinstance(piece, InputFilePart):
        return input_file.source(piece)
    return "file_id" if piece.file_id and piece.image_url is None else "image_url"


def _image_from_field(builder: SpecBuilder, path: str, where: str) -> None:
    """Remember the origin of the Image at a path. An input_image has its detail next to its URL, and no format."""
    builder.image_from_field(path, where, where.rpartition(".")[0])
    builder.from_field(f"{path}.mime_type", where)


def _says(part: pb.Part) -> bool:
    return bool(part.text or part.thought_signature) or part.WhichOneof("content") not in {"text", None}


def _message(builder: SpecBuilder, item: MessageItem, made: pb.ChatMessage, field: str, at: int) -> None:
    if isinstance(item.content, str):
        made.parts.add(text=item.content)
        builder.from_field(f"messages[{at}].parts[0]", f"{field}.content")
    images: list[returned_parts.Named] = []
    for j, piece in enumerate(() if isinstance(item.content, str) else item.content):
        where, path = f"{field}.content[{j}]", f"messages[{at}].parts[{j}]"
        if isinstance(piece, InputImage | InputFilePart):
            where += f".{_source(piece)}"
            image = _shown(builder, piece, where)
            images.append(returned_parts.Named(pb.Part(image=image), where))
            made.parts.add(image=image)
            _image_from_field(builder, f"{path}.image", where)
        else:
            made.parts.add(text=piece.refusal if isinstance(piece, Refusal) else piece.text)
        builder.from_field(path, where)
    own = item.provider_specific_fields
    if item.role != "assistant" and own is not None:
        builder.refuse(f"{field}.provider_specific_fields", "is valid only in the model's own items; leave it out")
    elif own is not None:
        said = returned_parts.Said("".join(part.text for part in made.parts), "", "content")
        del made.parts[:]
        made.parts.extend(
            returned_parts.parts_of(builder, said, own, field, f"messages[{at}]", images=images, calls=[])
        )


def _own(builder: SpecBuilder, part: pb.Part, own: Own | None, field: str, path: str) -> None:
    """Set on a part what belongs to it in the model's item."""
    if own is None:
        return
    part.thought = bool(own.thought)
    for name in ("thought_signature", "native_fields", "native_fields_json"):
        returned_parts.put(builder, part, name, getattr(own, name), f"{field}.provider_specific_fields.{name}", path)
