"""Convert a chat's messages: user turns, assistant turns with everything that belongs to their parts, tool results."""

from msgspec.structs import replace

from imagewire_server.contract import pb
from imagewire_server.formats.openai.chat.request import FilePart, ImagePart, Message, TextPart
from imagewire_server.formats.openai.common import input_file, returned_parts
from imagewire_server.formats.openai.common.shared_request import MOST_PARTS, AnswerImage, Extras, ImageUrl
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder
from imagewire_server.formats.openai.common.tool_calls import function_call, function_result

_ROLES = {
    "system": pb.Role.ROLE_SYSTEM,
    "developer": pb.Role.ROLE_SYSTEM,
    "user": pb.Role.ROLE_USER,
    "assistant": pb.Role.ROLE_ASSISTANT,
    "tool": pb.Role.ROLE_TOOL,
}
_EMPTY = TextPart(text="")


def read(builder: SpecBuilder, messages: list[Message]) -> None:
    """Add the messages to the spec."""
    total = 0
    for i, message in enumerate(messages):
        total += _size(message)
        if total > MOST_PARTS:
            builder.refuse(
                f"messages[{i}]", f"makes the chat longer than {MOST_PARTS} parts; leave earlier messages out"
            )
            return
    calls = {call.id: call.function.name for message in messages for call in message.tool_calls or ()}
    for i, message in enumerate(messages):
        field, path = f"messages[{i}]", f"messages[{len(builder.spec.messages)}]"
        made = builder.spec.messages.add(role=_ROLES[message.role])
        builder.from_field(path, field)
        for name, allowed in (
            ("tool_calls", "assistant"),
            ("reasoning_content", "assistant"),
            ("refusal", "assistant"),
            ("provider_specific_fields", "assistant"),
            ("tool_call_id", "tool"),
        ):
            if getattr(message, name) is not None and message.role != allowed:
                builder.refuse(f"{field}.{name}", f"is valid only in a message of role {allowed}; leave it out")
        if message.role == "tool":
            made.parts.append(_tool_result(builder, message, field, calls, path))
        elif message.role == "assistant":
            _assistant(builder, message, made, field, path)
            if not made.parts:
                # Empty assistant messages are skipped, although the contract refuses empty messages: OpenAI's format
                # has no other way to say that a prompt was blocked, and clients send them back.
                del builder.spec.messages[-1]
        elif isinstance(message.content, str) and not message.image and not message.images:
            made.content = message.content
            builder.from_field(f"{path}.content", f"{field}.content")
        else:
            _content(builder, message, made, field, path)


def _size(message: Message) -> int:
    """Count the items of a message that are processed one by one."""
    own = message.provider_specific_fields
    lists = (message.content, message.images, message.tool_calls, own and own.parts, own and own.native_parts)
    return sum(len(given) for given in lists if isinstance(given, list))


def _content(builder: SpecBuilder, message: Message, made: pb.ChatMessage, field: str, path: str) -> None:
    """Add the parts in their order, then the pictures of the message's own fields."""
    if isinstance(message.content, str) and message.content:
        made.parts.add(text=message.content)
    for j, part in enumerate(() if isinstance(message.content, str) else message.content or ()):
        at = f"{path}.parts[{len(made.parts)}]"
        if isinstance(part, ImagePart):
            image, where = _shown_part(builder, part, f"{field}.content[{j}]")
            made.parts.add(image=image)
            _shown(builder, at, where)
        elif isinstance(part, FilePart):
            image, where = _file(builder, part, f"{field}.content[{j}].file")
            made.parts.add(image=image)
            builder.from_field(at, where)
            builder.image_from_field(f"{at}.image", where, f"{field}.content[{j}].file")
        else:
            made.parts.add(text=part.text)
            builder.from_field(at, f"{field}.content[{j}].text")
    for shown in _pictures(builder, message, field):
        _shown(builder, f"{path}.parts[{len(made.parts)}]", shown.field)
        made.parts.append(shown.part)


def _shown_part(builder: SpecBuilder, part: ImagePart, field: str) -> tuple[pb.Image, str]:
    """Return the picture of a content part, and the name of its field."""
    if isinstance(part.image_url, str):
        return builder.image(ImageUrl(url=part.image_url), f"{field}.image_url"), f"{field}.image_url"
    return builder.image(part.image_url, f"{field}.image_url.url"), f"{field}.image_url.url"


def _file(builder: SpecBuilder, part: FilePart, field: str) -> tuple[pb.Image, str]:
    """Return the picture of a file, and the name of the field that holds it."""
    return input_file.picture(builder, part.file, field), f"{field}.{input_file.source(part.file)}"


def _shown(builder: SpecBuilder, path: str, where: str) -> None:
    """Remember the origin of a part that is a picture."""
    builder.from_field(path, where)
    builder.image_from_field(f"{path}.image", where)


def _pictures(builder: SpecBuilder, message: Message, field: str) -> list[returned_parts.Named]:
    """Return the pictures of `images` and `image`; a picture that is in both counts once."""
    answered = message.role == "assistant"
    found = [
        returned_parts.shown(builder, entry, f"{field}.images[{k}]", answered=answered)
        for k, entry in enumerate(message.images or ())
    ]
    one, where = message.image, f"{field}.image"
    if one is None and message.provider_specific_fields is not None:
        one, where = message.provider_specific_fields.image, f"{field}.provider_specific_fields.image"
    if one is not None and not any(_same(one.url, entry.image_url.url) for entry in message.images or ()):
        image = builder.image(one, f"{where}.url", answered=answered)
        found.append(returned_parts.Named(pb.Part(image=image), f"{where}.url"))
    return found


def _same(url: str, other: str) -> bool:
    """Whether two URLs are the same picture. For data: URLs, the media type is ignored."""
    data = url[:5].lower() == other[:5].lower() == "data:"
    return url.endswith(other[other.index(",") :]) if data and "," in other else url == other


def _assistant(builder: SpecBuilder, message: Message, made: pb.ChatMessage, field: str, path: str) -> None:
    given = message.content if isinstance(message.content, list) else [TextPart(text=message.content or "")]
    for j, one in enumerate(given):
        if isinstance(one, FilePart):
            builder.refuse(f"{field}.content[{j}]", "a file is valid only in a user or tool message; move it there")
    content = [one for one in given if not isinstance(one, FilePart)]
    text = "".join(part.text for part in content if isinstance(part, TextPart)) + (message.refusal or "")
    shown = [(j, part) for j, part in enumerate(content) if isinstance(part, ImagePart)]
    pictures = [_answered(builder, part, f"{field}.content[{j}]") for j, part in shown]
    calls = []
    for k, call in enumerate(message.tool_calls or ()):
        where = f"{field}.tool_calls[{k}].function.arguments"
        part = function_call(builder, call.id, call.function.name, call.function.arguments, where)
        calls.append(returned_parts.Named(part, where))
    said = returned_parts.Said(text, message.reasoning_content or "", "reasoning_content")
    pictures += _pictures(builder, message, field)
    own = message.provider_specific_fields
    if (shown or message.refusal) and (own is None or own.parts is None):
        # The content's own order; in front of it the thoughts, behind it the refusal and what is in other fields.
        names = [f"thought:{len(said.thoughts)}"] if said.thoughts else []
        filled = [part for part in content if part != _EMPTY]
        names += ["image" if isinstance(part, ImagePart) else f"text:{len(part.text)}" for part in filled]
        names += [f"text:{len(message.refusal)}"] if message.refusal else []
        names += ["image"] * (len(pictures) - len(shown)) + ["tool_call"] * len(calls)
        if own is not None:
            names += ["native"] * len(own.native_parts or ()) + ["media"] * len(own.media or ())
        own = replace(own or Extras(), parts=names)
    made.parts.extend(returned_parts.parts_of(builder, said, own, field, path, images=pictures, calls=calls))


def _answered(builder: SpecBuilder, part: ImagePart, field: str) -> returned_parts.Named:
    """A picture in the content of an answer."""
    url = ImageUrl(url=part.image_url) if isinstance(part.image_url, str) else part.image_url
    entry = AnswerImage(image_url=url, thought=part.thought, mime_type=part.mime_type)
    return returned_parts.shown(builder, entry, field, answered=True)


def _tool_result(builder: SpecBuilder, message: Message, field: str, calls: dict[str, str], path: str) -> pb.Part:
    call_id = message.tool_call_id or ""
    name = message.name or calls.get(call_id, "")
    if not name:
        builder.refuse(
            f"{field}.tool_call_id", "matches no call in this chat; send the assistant's tool_calls before it"
        )
    if message.image or message.images:
        builder.refuse(
            f"{field}.{'image' if message.image else 'images'}", "pictures of a result belong in its content"
        )
    content = message.content or ""
    text = content if isinstance(content, str) else ""
    pictures: list[pb.Image] = []
    for j, part in enumerate(() if isinstance(content, str) else content):
        if isinstance(part, ImagePart):
            image, where = _shown_part(builder, part, f"{field}.content[{j}]")
            at = f"{path}.parts[0].function_response.images[{len(pictures)}]"
            builder.image_from_field(at, where)
            pictures.append(image)
        elif isinstance(part, FilePart):
            image, where = _file(builder, part, f"{field}.content[{j}].file")
            at = f"{path}.parts[0].function_response.images[{len(pictures)}]"
            builder.image_from_field(at, where, f"{field}.content[{j}].file")
            pictures.append(image)
        else:
            text += part.text
    return function_result(builder, call_id, name, text, f"{field}.content", pictures)
