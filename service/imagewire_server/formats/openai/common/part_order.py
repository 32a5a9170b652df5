"""The order of a message's parts, which OpenAI's shape does not keep, and what belongs to each of them.

`provider_specific_fields` carries `parts`, which names the parts in order: "text:N" is the next N characters of
content, "thought:N" of reasoning_content, "image" the next of images, "tool_call" the next of tool_calls
("tool_call:thought" one that is a thought), "native" the next of native_parts, "media" the next of media. Beside it,
where any part has some, stand `thought_signatures`, `native_fields` and `native_fields_json` (JSON as text), one for
each part, null for none. Sent back as it came, it makes the same parts again. `parts` is left out where nothing stands
beside it and the order is thoughts, text, pictures, calls.
"""

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.data_uri import decoded
from imagewire_server.formats.openai.common.encoder import encoded

_TEXT = re.compile(r"(?P<kind>text|thought):(?P<length>[0-9]{1,10})")
_TEXTS = ("thought", "text")
# The places of the kinds where no order is told; texts are taken whole, so there is at most one of each kind.
_ORDER = {"thought": 1, "text": 2, "image": 3, "tool_call": 4}


def is_default(names: Sequence[str]) -> bool:
    """Whether these parts are in the order that is taken where none is told."""
    before = 0
    for name in names:
        kind = name.partition(":")[0]
        place = _ORDER.get(kind if kind in _TEXTS else name, 0)
        if place < before or place == 0 or (place == before and kind in _TEXTS):
            return False
        before = place
    return True


class Pieces:
    """What a message holds by kind: each is taken from the front, part by part."""

    def __init__(self, content: str, reasoning: str, others: Mapping[str, Sequence[pb.Part]]) -> None:
        """others: by their names in a layout."""
        self._texts = {"text": content, "thought": reasoning}
        self._at = {"text": 0, "thought": 0}
        self._parts = {name: deque(parts) for name, parts in others.items()}

    def default(self) -> list[str]:
        """The order where nothing is known of it."""
        names = [f"{kind}:{len(self._texts[kind])}" for kind in ("thought", "text") if self._texts[kind]]
        return names + [kind for kind, parts in self._parts.items() for _ in parts]

    def parts(self, layout: Iterable[str]) -> list[pb.Part]:
        """The parts by a layout. Raises ValueError, in words for the caller, when it does not fit."""
        made: list[pb.Part] = []
        for said in layout:
            name = said.removesuffix(":thought")
            match = _TEXT.fullmatch(name)
            if match and (text := self._text(match["kind"], int(match["length"]))) is not None:
                made.append(pb.Part(text=text, thought=match["kind"] == "thought"))
            elif self._parts.get(name):
                made.append(self._parts[name].popleft())
                made[-1].thought = made[-1].thought or name != said
            else:
                raise ValueError("does not fit the message; send the answer back as it came, or leave this out")
        left = any(self._at[kind] < len(text) for kind, text in self._texts.items())
        if left or any(self._parts.values()):
            raise ValueError("leaves some of the message out; send the answer back as it came, or leave this out")
        return made

    def _text(self, kind: str, length: int) -> str | None:
        """The next so many characters, None when there are fewer."""
        begin, end = self._at[kind], self._at[kind] + length
        if end > len(self._texts[kind]):
            return None
        self._at[kind] = end
        return self._texts[kind][begin:end]


def put(part: pb.Part, name: str, value: Any) -> str:
    """Put on a part what stands beside it, and return the part's field. name: of one of the lists, or of an item's own.

    Raises ValueError, in words for the caller.
    """
    if name == "native_fields_json":
        part.native_fields.update(value)
    elif name == "native_fields":
        part.native_fields.update({key: encoded(one).decode() for key, one in value.items()})
    else:
        part.thought_signature = decoded(value)
        return "thought_signature"
    return "native_fields"
