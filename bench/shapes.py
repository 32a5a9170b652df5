"""Where each peer puts a picture: answers taken apart as a client would, and the marks by which load finds the bytes.

Each run begins with a whole answer read by `pictures`; after that the `Mark` is enough to compare every byte.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_DATA_URI = "data:image/png;base64,"


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands before a picture's base64, and how its padding is spelled."""

    before: bytes
    padding: bytes = b"="


@dataclass(frozen=True, slots=True)
class Shape:
    """One peer's way. found: the base64 in a message or a delta (Google: in a candidate)."""

    mark: Mark
    items: Callable[[dict[str, Any]], Iterable[dict[str, Any]]]
    found: Callable[[dict[str, Any]], Iterable[str]]

    def pictures(self, body: bytes, *, stream: bool) -> list[bytes]:
        """The pictures of a whole answer. Raises ValueError or KeyError where it is none."""
        documents = _events(body) if stream else [json.loads(body)]
        texts = [text for document in documents for item in self.items(document) for text in self.found(item)]
        return [base64.b64decode(text, validate=True) for text in texts]


def _events(body: bytes) -> Iterator[dict[str, Any]]:
    for line in body.replace(b"\r", b"").split(b"\n"):
        if line.startswith(b"data:") and line[5:].strip() != b"[DONE]":
            yield json.loads(line[5:])


def _choices(document: dict[str, Any]) -> list[dict[str, Any]]:
    if "error" in document:
        raise ValueError(document["error"])
    return [choice.get("delta") or choice.get("message") or {} for choice in document["choices"]]


def _uri(image: dict[str, Any]) -> str:
    uri: str = image["image_url"]["url"]
    if not uri.startswith(_DATA_URI):
        raise ValueError(f"no data URI: {uri[:40]}")
    return uri.removeprefix(_DATA_URI)


def _images(message: dict[str, Any]) -> Iterator[str]:
    yield from (_uri(image) for image in message.get("images") or ())


def _content_blocks(message: dict[str, Any]) -> Iterator[str]:
    blocks = (block.get("delta", block) for block in message.get("content_blocks") or ())
    yield from (_uri(block) for block in blocks if block.get("type") == "image_url")


def _inline_data(candidate: dict[str, Any]) -> Iterator[str]:
    yield from (part["inlineData"]["data"] for part in candidate["content"]["parts"] if "inlineData" in part)


_IN_URI = Mark(b'"url":"' + _DATA_URI.encode())
SHAPES = {
    "images": Shape(_IN_URI, _choices, _images),
    "content_blocks": Shape(_IN_URI, _choices, _content_blocks),
    "google": Shape(Mark(b'"data": "', b"\\u003d"), lambda document: document["candidates"], _inline_data),
}
