"""Checks of a message: it must not be empty, and its role must allow each of its parts."""

from collections.abc import Callable, Iterator

from imagewire_server.contract import image_rules, native_rules, pb

_SYSTEM, _ASSISTANT = pb.Role.ROLE_SYSTEM, pb.Role.ROLE_ASSISTANT  # looked up once: an enum's names are slow
_DEFAULT_DETAILS = (pb.ImageDetail.IMAGE_DETAIL_UNSPECIFIED, pb.ImageDetail.IMAGE_DETAIL_AUTO)
# The provider's names of a part's content, for native fields that repeat it.
_SPELLED = {
    "image": ("inlineData", "fileData"),
    "media": ("inlineData", "fileData"),
    "function_call": ("functionCall",),
    "function_response": ("functionResponse",),
}
# Content of answers that is valid only in the message that it came in.
_ANSWERED = {
    "function_call": "only an assistant message calls functions; move it there",
    "media": "only goes back with the assistant message that it came in; move it there",
    "native": "only goes back with the assistant message that it came in; move it there",
}


def message(message: pb.ChatMessage) -> Iterator[tuple[str, str]]:
    """Yield the violations of a message that the checks of single fields do not find."""
    if message.HasField("image"):
        yield from _below("image", _picture(message.image, message.role))
    if not message.parts:
        if not message.content and not message.HasField("image"):
            yield "", "is empty; set content, image or parts"
        if message.role == _SYSTEM and message.HasField("image"):
            yield "image", "is not allowed in a system message; put it into a user message"
        return
    named = 0
    names_it = namer(message)
    for i, part in enumerate(message.parts):
        is_named = names_it(part)
        named += is_named
        if is_named and named > 1:
            yield (
                f"parts[{i}].image",
                "refers to the message's image a second time; leave it out, or send another picture",
            )
        yield from _below(f"parts[{i}]", _part(part, message, is_named=is_named))
    if message.HasField("image") and not named:
        yield "image", "is not in parts, neither by sha256 nor by uri; parts must be the whole message: add it there"
    if message.content and message.content != spoken(message):
        yield "content", "differs from the text of parts; leave one of them out"


def namer(message: pb.ChatMessage) -> Callable[[pb.Part], bool]:
    """Decides whether a part refers to the message's own image, by its hash or its URI.

    These are read once, because a URI may be long.
    """
    if not message.HasField("image"):
        return lambda part: False
    sha256, uri = message.image.sha256, message.image.uri

    def names(part: pb.Part) -> bool:
        if part.WhichOneof("content") != "image":
            return False
        match part.image.WhichOneof("source"):
            case None:
                return bool(part.image.sha256) and part.image.sha256 == sha256
            case "uri":
                return part.image.uri == uri
        return False

    return names


def images(message: pb.ChatMessage, path: str) -> Iterator[tuple[str, pb.Image]]:
    """Yield every picture of a message once, with its path."""
    names = namer(message)
    for i, part in enumerate(message.parts):
        if part.WhichOneof("content") == "image":
            yield f"{path}.parts[{i}].image", message.image if names(part) else part.image
        for j, image in enumerate(part.function_response.images):
            yield f"{path}.parts[{i}].function_response.images[{j}]", image
    if not message.parts and message.HasField("image"):
        yield f"{path}.image", message.image


def kept_images(spec: pb.Spec) -> Iterator[tuple[str, pb.Image, int]]:
    """Yield the pictures of a valid spec that are named by image_id or by sha256 alone: path, picture, role."""
    for i, message in enumerate(spec.messages):
        for path, image in images(message, f"spec.messages[{i}]"):
            source = image.WhichOneof("source")
            if source == "image_id" or (source is None and image.sha256):
                yield path, image, message.role


def spoken(message: pb.ChatMessage) -> str:
    """The text of a message's parts, without thoughts."""
    return "".join(part.text for part in message.parts if not part.thought)


def _part(part: pb.Part, message: pb.ChatMessage, *, is_named: bool) -> Iterator[tuple[str, str]]:
    kind, role = part.WhichOneof("content"), message.role
    if kind is None and not part.thought_signature:
        yield "", "is empty; set text, image, function_call, function_response, media or native"
    if kind == "image":
        yield from _below("image", _part_picture(part, message, is_named=is_named))
    if role == _SYSTEM and kind not in {"text", None}:
        yield "", "a system message may have only text; put it into a user message"
    if kind == "function_response" and role not in {pb.Role.ROLE_USER, pb.Role.ROLE_TOOL}:
        yield "function_response", "only a user or tool message answers a call; move it there"
    if role == _ASSISTANT:
        yield from _native_fields(part, kind)
        return
    if kind in _ANSWERED:
        yield kind, _ANSWERED[kind]
    if part.native_fields:
        yield "native_fields", "only go back with the assistant message that they came in; move them there"
    if part.thought or part.thought_signature:
        yield "", "only an assistant message has thoughts and thought_signature; leave them out"


def _part_picture(part: pb.Part, message: pb.ChatMessage, *, is_named: bool) -> Iterator[tuple[str, str]]:
    if is_named:
        for field, value in part.image.ListFields():
            if value != getattr(message.image, field.name):
                yield field.name, "differs from the message's image, which this part names; set it there"
    else:
        yield from _picture(part.image, message.role)


def _picture(picture: pb.Image, role: int) -> Iterator[tuple[str, str]]:
    return image_rules.answered(picture) if role == _ASSISTANT else image_rules.sent(picture)


def _native_fields(part: pb.Part, kind: str | None) -> Iterator[tuple[str, str]]:
    """Check native fields: none may repeat another field."""
    names = (native_rules.camel(part.native.kind),) if kind == "native" else _SPELLED.get(kind or "", ())
    said = dict.fromkeys(names, kind)
    if kind == "image" and part.image.detail not in _DEFAULT_DETAILS:
        said["mediaResolution"] = "image.detail"
    for name in part.native_fields:
        if field := said.get(native_rules.camel(name)):
            yield "native_fields", f"{name!r} is set by {field} already; leave one of them out"


def _below(path: str, found: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for field, words in found:
        yield f"{path}.{field}" if field else path, words
