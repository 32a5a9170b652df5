"""What an answer's message is made of, gathered while its parts come: for the fields that stand behind its pictures."""

from typing import Any

import pybase64

from imagewire_server.contract import pb
from imagewire_server.dialects.openai import facts
from imagewire_server.dialects.openai.picture import Base64, media_type
from imagewire_server.dialects.openai.pieces import Final, Key

Json = dict[str, Any]


class Gathered:
    """One candidate's message, its pictures left aside. all_images: whether each picture goes out, or the final one."""

    def __init__(self, completion: str, *, all_images: bool) -> None:
        self._completion = completion
        self._all_images = all_images
        self._texts: dict[bool, list[str]] = {False: [], True: []}
        self._lengths: dict[int, int] = {}
        self._parts: list[tuple[str, int, bytes]] = []
        self.calls: list[Json] = []
        self.final = Final()

    def text(self, delta: pb.TextDelta, *, thought: bool) -> None:
        """More text."""
        self._texts[thought].append(delta.text)
        self._lengths[delta.part_index] = self._lengths.get(delta.part_index, 0) + len(delta.text)

    def part(self, part: pb.PartFinished, picture_type: str = "") -> None:
        """A part is whole; picture_type: a picture's media type."""
        match part.WhichOneof("content"):
            case "image":
                self.final.finished((part.candidate_index, part.part_index), picture_type, thought=part.thought)
                kind = "image"
            case "function_call":
                call = facts.tool_call(part.function_call, self._completion, part.part_index, len(self.calls))
                self.calls.append(call)
                kind = "tool_call"
            case _:
                kind = f"{'thought' if part.thought else 'text'}:{self._lengths.get(part.part_index, 0)}"
        self._parts.append((kind, part.part_index, part.thought_signature))

    def fields(self) -> Json:
        """The message's fields besides its pictures. Content is never null."""
        made: Json = {"content": "".join(self._texts[False])}
        if self._texts[True]:
            made["reasoning_content"] = "".join(self._texts[True])
        if self.calls:
            made["tool_calls"] = self.calls
        return made | self.extras()

    def extras(self) -> Json:
        """What must come back with the message, where it has signatures."""
        if not any(signature for _, _, signature in self._parts):
            return {}
        final = self.final.key
        sent = [
            (kind, signature)
            for kind, index, signature in self._parts
            if kind != "image" or self._all_images or (final is not None and index == final[1])
        ]
        return {
            "provider_specific_fields": {
                "thought_signatures": [pybase64.b64encode(s).decode() if s else None for _, s in sent],
                "parts": [kind for kind, _ in sent],
            }
        }


class OpenPicture:
    """A picture whose base64 is being written. said: its media type where the provider told it in front."""

    def __init__(self, key: Key, said: str) -> None:
        self.key = key
        self.media_type = said
        self._base64 = Base64()
        self._begun = False

    def chunk(self, data: bytes) -> bytes:
        """The next piece of the data: URL."""
        head = b""
        if not self._begun:
            self._begun = True
            self.media_type = media_type(self.media_type, data)
            head = url_head(self.media_type)
        return head + self._base64.feed(data)

    def close(self) -> bytes:
        """The last piece of the data: URL."""
        return self._base64.close()


def url_head(picture_type: str) -> bytes:
    """The front of a data: URL inside JSON. A media type holds nothing that JSON would escape."""
    return f"data:{picture_type};base64,".encode()
