"""The order of a message's parts, which OpenAI's format does not preserve, and what belongs to each part.

`provider_specific_fields` has `parts`, which lists the parts in order: "text:N" is the next N characters of content,
"thought:N" of reasoning_content, "image" the next of images, "image:N" the one with index N (where drafts are behind
the other pictures), "tool_call" the next of tool_calls ("tool_call:thought" if it is a thought), "native" the next of
native_parts, "media" the next of media. If any part has some, there are also `thought_signatures`, `native_fields` and
`native_fields_json` (JSON as text), with one entry per part, null for none. If it is sent back unchanged, the same
parts are rebuilt. `parts` is absent if none of these fields is there and the order is thoughts, text, pictures, calls.
"""

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.data_uri import decoded
from imagewire_server.formats.openai.common.encoder import encoded

_TEXT = re.compile(r"(?P<kind>text|thought):(?P<length>[0-9]{1,10})")
_IMAGE_AT = re.compile(r"image:([0-9]{1,4})")
_TEXTS = ("thought", "text")
# The order of the kinds if `parts` is absent. Texts are complete, so there is at most one of each kind.
_ORDER = {"thought": 1, "text": 2, "image": 3, "tool_call": 4}


def is_default(names: Sequence[str]) -> bool:
    """Whether these parts are in the default order."""
    before = 0
    for name in names:
        kind = name.partition(":")[0]
        place = _ORDER.get(kind if kind in _TEXTS else name, 0)
        if place < before or place == 0 or (place == before and kind in _TEXTS):
            return False
        before = place
    return True


class Pieces:
    """The content of a message by kind. Each kind is consumed from the front, part by part."""

    def __init__(self, content: str, reasoning: str, others: Mapping[str, Sequence[pb.Part]]) -> None:
        """others: by their names in `parts`."""
        self._texts = {"text": content, "thought": reasoning}
        self._at = {"text": 0, "thought": 0}
        self._parts = {name: deque(parts) for name, parts in others.items()}
        self._images: list[pb.Part | None] = list(others.get("image", ()))  # for layouts that name them by index

    def default(self) -> list[str]:
        """The parts in the default order."""
        names = [f"{kind}:{len(self._texts[kind])}" for kind in ("thought", "text") if self._texts[kind]]
        return names + [kind for kind, parts in self._parts.items() for _ in parts]

    def parts(self, layout: Iterable[str]) -> list[pb.Part]:
        """The parts in a given order. Raises ValueError, with a message for the caller, if it does not match."""
        made: list[pb.Part] = []
        for said in layout:
            name = said.removesuffix(":thought")
            match = _TEXT.fullmatch(name)
            if match and (text := self._text(match["kind"], int(match["length"]))) is not None:
                made.append(pb.Part(text=text, thought=match["kind"] == "thought"))
            elif (by_index := _IMAGE_AT.fullmatch(name)) and (image := self._image(int(by_index[1]))) is not None:
                made.append(image)
            elif self._parts.get(name):
                made.append(self._parts[name].popleft())
                made[-1].thought = made[-1].thought or name != said
            else:
                raise ValueError("does not match the message; send the answer back unchanged, or leave this field out")
        left = any(self._at[kind] < len(text) for kind, text in self._texts.items())
        if left or any(self._parts.values()):
            raise ValueError(
                "does not cover the whole message; send the answer back unchanged, or leave this field out"
            )
        return made

    def _image(self, index: int) -> pb.Part | None:
        """The picture with this index, None if there is none, or if it was taken before."""
        if index >= len(self._images):
            return None
        image, self._images[index] = self._images[index], None
        if image is not None and self._parts["image"]:
            self._parts["image"].pop()  # one fewer is left
        return image

    def _text(self, kind: str, length: int) -> str | None:
        """The next `count` characters, None if there are fewer."""
        begin, end = self._at[kind], self._at[kind] + length
        if end > len(self._texts[kind]):
            return None
        self._at[kind] = end
        return self._texts[kind][begin:end]


def put(part: pb.Part, name: str, value: Any) -> str:
    """Set a value that belongs to a part, and return the part's field. name: of one of the lists, or an item's field.

    Raises ValueError with a message for the caller.
    """
    if name == "native_fields_json":
        part.native_fields.update(value)
    elif name == "native_fields":
        part.native_fields.update({key: encoded(one).decode() for key, one in value.items()})
    else:
        part.thought_signature = decoded(value)
        return "thought_signature"
    return "native_fields"
