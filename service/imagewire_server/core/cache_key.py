"""What tells whether two requests ask for the same answer, for the answer cache."""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from imagewire_server.contract import image_header, message_rules, pb
from imagewire_server.core.store.request import KeptRequest

_VERSION = b"3"
_AUTO = pb.ImageDetail.IMAGE_DETAIL_AUTO


class NoKey(Exception):
    """An answer to this request cannot be sent again. The message follows the name of a field."""


class Way(NamedTuple):
    """A way to serve a model's name. target: see Provider. completed: see Upstream."""

    target: str
    completed: Callable[[pb.Spec], pb.Spec] | None = None


def cache_key(spec: pb.Spec, ways: Iterable[Way], space: str = "", number: int = 0) -> bytes:
    """The key of a valid spec that has all that it refers to. Pictures count by their content.

    ways: all that the model's name stands for. space, number: see CacheWish. Raises NoKey.
    """
    if spec.HasField("output_config"):
        raise NoKey("cannot be used with output_config: the provider writes those pictures; leave one of them out")
    if any(_is_elsewhere(message) for message in spec.messages):
        words = "cannot be used with a picture or media by URI, which may change: send the bytes, or leave it out"
        raise NoKey(words)
    chat = KeptRequest(spec)
    types = {image.sha256: _type_of(image.data) for image in chat.pictures()}
    if chat.request is None:
        raise NoKey("cannot be used with more than 1 MiB beside the pictures: send less, or leave it out")
    for given, message in zip(spec.messages, chat.request.messages, strict=True):
        _spell(given, message)
        for _, image in message_rules.images(message, ""):
            _name_by_hash(image, types)
    beside = pb.Spec()
    for field, value in spec.ListFields():
        if field.name not in {"messages", "model", "previous_completion_id"}:
            _set(beside, field.name, value)
    parts = [chat.request.SerializeToString(deterministic=True)]
    for way in sorted({(way.target.encode(), _completed(beside, way)) for way in ways}):
        parts += way
    found = hashlib.sha256(_VERSION)
    for part in (space.encode(), b"%d" % number, *parts):
        found.update(b"%d " % len(part))
        found.update(part)
    return found.digest()


def _completed(beside: pb.Spec, way: Way) -> bytes:
    """All but the messages as this way sends it: what the deployment says where the caller is silent counts too."""
    made = beside if way.completed is None else way.completed(beside)
    return made.SerializeToString(deterministic=True)


def _is_elsewhere(message: pb.ChatMessage) -> bool:
    uris = [image.uri for _, image in message_rules.images(message, "")]
    uris += [part.media.uri for part in message.parts if part.HasField("media")]
    return any(uri and uri[:5].lower() != "data:" for uri in uris)


def _spell(given: pb.ChatMessage, message: pb.ChatMessage) -> None:
    """Spell a message as parts alone, each with its own picture. given: the message with the bytes of its pictures."""
    if message.parts:
        names = message_rules.namer(given)
        for said, part in zip(given.parts, message.parts, strict=True):
            if names(said):
                part.image.CopyFrom(message.image)
    else:
        if message.content:
            message.parts.add(text=message.content)
        if message.HasField("image"):
            message.parts.add(image=message.image)
    message.ClearField("content")
    message.ClearField("image")


def _name_by_hash(image: pb.Image, types: Mapping[bytes, str]) -> None:
    """Name a picture by its hash, with what is sent beside its bytes. types: of the large ones, which are named so."""
    source = image.WhichOneof("source")
    mime_type, data = image.mime_type, image.data if source == "data" else None
    if source == "uri":
        head, _, text = image.uri.partition(";base64,")
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError:
            return  # it will be refused
        mime_type = mime_type or head[len("data:") :]
    sha256 = image.sha256 if data is None else hashlib.sha256(data).digest()
    detail = pb.ImageDetail.IMAGE_DETAIL_UNSPECIFIED if image.detail == _AUTO else image.detail
    mime_type = mime_type or (types.get(sha256, "") if data is None else _type_of(data))
    image.CopyFrom(pb.Image(sha256=sha256, mime_type=mime_type, detail=detail, display_name=image.display_name))


def _type_of(data: bytes) -> str:
    header = image_header.read(data[: image_header.ENOUGH])
    return header.mime_type if header else ""


def _set(target: pb.Spec, name: str, value: object) -> None:
    if isinstance(value, str | bytes | int | float):
        setattr(target, name, value)
    else:
        getattr(target, name).MergeFrom(value)
