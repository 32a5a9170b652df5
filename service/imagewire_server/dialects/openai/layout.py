"""The order of a message's parts, which OpenAI's shape does not keep, and the signatures that belong to them.

Where an answer has signatures, `provider_specific_fields` carries `thought_signatures`, one for each part (null for
none), and `parts`, which names them in order: "text:N" is the next N characters of content, "thought:N" of
reasoning_content, "image" the next of images, "tool_call" the next of tool_calls. Sent back as it came, it makes the
same parts again, each with its signature.
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence

from imagewire_server.contract import pb
from imagewire_server.dialects.openai.picture import decoded

_TEXT = re.compile(r"(?P<kind>text|thought):(?P<length>[0-9]{1,10})")


class Pieces:
    """What a message holds by kind: each is taken from the front, part by part."""

    def __init__(self, content: str, reasoning: str, images: Sequence[pb.Part], calls: Sequence[pb.Part]) -> None:
        self._texts = {"text": content, "thought": reasoning}
        self._at = {"text": 0, "thought": 0}
        self._parts = {"image": deque(images), "tool_call": deque(calls)}

    def default(self) -> list[str]:
        """The order where nothing is known of it."""
        names = [f"{kind}:{len(self._texts[kind])}" for kind in ("thought", "text") if self._texts[kind]]
        return names + [kind for kind in ("image", "tool_call") for _ in self._parts[kind]]

    def parts(self, layout: Iterable[str]) -> list[pb.Part]:
        """The parts by a layout. Raises ValueError, in words for the caller, when it does not fit."""
        made: list[pb.Part] = []
        for name in layout:
            match = _TEXT.fullmatch(name)
            if match and (text := self._text(match["kind"], int(match["length"]))) is not None:
                made.append(pb.Part(text=text, thought=match["kind"] == "thought"))
            elif self._parts.get(name):
                made.append(self._parts[name].popleft())
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


def sign(parts: Sequence[pb.Part], signatures: Sequence[str | None]) -> None:
    """Put each signature on its part. Raises ValueError, in words for the caller."""
    if len(signatures) != len(parts):
        raise ValueError(f"has {len(signatures)} signatures for {len(parts)} parts; send the answer back as it came")
    for part, signature in zip(parts, signatures, strict=True):
        if signature:
            part.thought_signature = decoded(signature)
