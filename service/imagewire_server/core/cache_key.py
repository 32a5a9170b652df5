"""What tells whether two requests ask for the same answer, for the answer cache."""

import hashlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from imagewire_server.contract import message_rules, pb
from imagewire_server.core.store.request import KeptRequest

_VERSION = b"2"


class NoKey(Exception):
    """An answer to this request cannot be sent again. The message follows the name of a field."""


class Way(NamedTuple):
    """A way to serve a model's name. target: see Provider. completed: see Upstream."""

    target: str
    completed: Callable[[pb.Spec], pb.Spec] | None = None


def cache_key(spec: pb.Spec, ways: Iterable[Way], space: str = "") -> bytes:
    """The key of a valid spec that has all that it refers to. Pictures count by their content.

    ways: all that the model's name stands for. space: see CacheWish. Raises NoKey.
    """
    if spec.HasField("output_config"):
        raise NoKey("cannot be used with output_config: the provider writes those pictures; leave one of them out")
    if any(_is_elsewhere(message) for message in spec.messages):
        words = "cannot be used with a picture or media by URI, which may change: send the bytes, or leave it out"
        raise NoKey(words)
    chat = KeptRequest(spec)
    for _ in chat.pictures():  # hashes them
        pass
    if chat.request is None:
        raise NoKey("cannot be used with more than 1 MiB beside the pictures: send less, or leave it out")
    for message in chat.request.messages:
        _spell_text(message)
        for _, image in message_rules.images(message, ""):
            _name_by_hash(image)
    beside = pb.Spec()
    for field, value in spec.ListFields():
        if field.name not in {"messages", "model", "previous_completion_id"}:
            _set(beside, field.name, value)
    parts = [chat.request.SerializeToString(deterministic=True)]
    for way in sorted({(way.target.encode(), _completed(beside, way)) for way in ways}):
        parts += way
    found = hashlib.sha256(_VERSION)
    for part in (space.encode(), *parts):
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


def _spell_text(message: pb.ChatMessage) -> None:
    """Spell a message that is only a text as one part, and leave out the text that parts repeat."""
    if message.content and not message.parts and not message.HasField("image"):
        message.parts.add(text=message.content)
    if message.parts:
        message.ClearField("content")


def _name_by_hash(image: pb.Image) -> None:
    """Name a small picture by its hash, as large ones are."""
    if image.WhichOneof("source") == "data":
        image.sha256 = hashlib.sha256(image.data).digest()
        for known in ("data", "width", "height", "size_bytes"):
            image.ClearField(known)


def _set(target: pb.Spec, name: str, value: object) -> None:
    if isinstance(value, str | bytes | int | float):
        setattr(target, name, value)
    else:
        getattr(target, name).MergeFrom(value)
