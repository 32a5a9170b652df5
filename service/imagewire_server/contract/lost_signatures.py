"""Earlier answers whose signatures were all lost: another model drew them, or the caller made the message anew.

Google requires a signature of pictures, of calls, and of the text with which an answer begins.
"""

from collections.abc import Iterator

from imagewire_server.contract import pb

_ASSISTANT = pb.Role.ROLE_ASSISTANT  # looked up once: an enum's names are slow
_SIGNED = frozenset({"image", "function_call", "media"})
_TEXT = frozenset({"text", None})


def of_message(message: pb.ChatMessage) -> list[tuple[int, str]]:
    """The parts of a message that need a signature, none if it has one: each part's place in it, and its path."""
    if message.role != _ASSISTANT:
        return []
    if not message.parts:
        given = [*(["content"] if message.content else []), *(["image"] if message.HasField("image") else [])]
        return list(enumerate(given))
    if any(part.thought_signature for part in message.parts):
        return []  # it goes back as it came
    own = [(i, part.WhichOneof("content")) for i, part in enumerate(message.parts) if not part.thought]
    return [(i, f"parts[{i}]") for at, (i, kind) in enumerate(own) if kind in _SIGNED or (at == 0 and kind in _TEXT)]


def paths(spec: pb.Spec) -> Iterator[tuple[int, str]]:
    """All of a request: the index of each message, and the path in it."""
    for i, message in enumerate(spec.messages):
        for _, path in of_message(message):
            yield i, path
