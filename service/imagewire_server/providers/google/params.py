"""Reads Google's keys under `litellm_params`."""

import json
import re
from collections.abc import Callable, Mapping

from imagewire_server.config.providers import Param
from imagewire_server.config.settings import sendable, url
from imagewire_server.config.source import Node

# Headers that the server itself sends. A file may not set them.
_OWN_HEADERS = frozenset({
    "content-type", "content-length", "accept-encoding", "host", "x-goog-api-key",
})  # fmt: skip


def _text(name: str, check: Callable[[str], str | None] = lambda text: None, *, is_secret: bool = False) -> Param:
    def read(value: Node) -> str:
        text = value.text(name)
        if text and not value.is_unresolved and (words := check(text)):
            raise value.error(f"{name} {words}")
        return text

    return Param(read, {"type": "string"}, is_secret)


def _credentials(value: Node) -> str:
    """A path, or JSON, as text or as a mapping of the file."""
    if value.is_mapping:
        return json.dumps(value.json("vertex_credentials", texts=True))
    text = value.text("vertex_credentials")
    if text.lstrip().startswith("{"):
        try:
            json.loads(text)
        except ValueError:
            raise value.error("vertex_credentials is neither a path nor valid JSON") from None
    return text


def _extra_headers(value: Node) -> tuple[tuple[str, str], ...]:
    headers = []
    for key, text in value.pairs("extra_headers"):
        if text.is_null or text.is_unset:
            continue
        header, content = key.text.lower(), text.text(key.text)
        if not re.fullmatch(r"[a-z0-9!#$%&'*+.^_`|~-]+", header) or not content.isprintable() or not content.isascii():
            raise key.error(f"{key.text!r} is not a valid header")
        if header in _OWN_HEADERS:
            raise key.error(f"{key.text!r} is sent by the server itself; leave it out")
        headers.append((header, content))
    return tuple(headers)


PARAMS: Mapping[str, Param] = {
    "timeout": Param(lambda value: value.number("timeout", least=0.001), {"type": "number", "exclusiveMinimum": 0}),
    "extra_headers": Param(_extra_headers, {"type": "object", "additionalProperties": {"type": "string"}}),
    "api_key": _text("api_key", sendable, is_secret=True),
    "api_base": _text("api_base", url),
    "base_url": _text("base_url", url),
    "vertex_project": _text("vertex_project"),
    "vertex_location": _text("vertex_location"),
    "vertex_credentials": Param(_credentials, {"type": ["string", "object"]}, is_secret=True),
    "vertex_ai_project": _text("vertex_ai_project"),
    "vertex_ai_location": _text("vertex_ai_location"),
    "vertex_ai_credentials": Param(_credentials, {"type": ["string", "object"]}, is_secret=True),
}
