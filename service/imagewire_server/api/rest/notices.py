"""Headers that say where an answer is not to the letter of its request."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from imagewire_server.api.rest.status import Headers
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder

_UNSAFE_VALUE = re.compile(r"[^\w.: -]", re.ASCII)
_LONGEST_NAME = 100
_LONGEST = 4000


def headers(builder: SpecBuilder) -> Headers:
    """The headers for a request, none for most.

    They tell what drop_params left out, the size and ratio that were chosen, and how a mask was sent.
    """
    found: Headers = []
    if builder.dropped:
        found.append((b"x-imagewire-dropped", _names(builder.dropped)))
    if chosen := builder.chosen_picture:
        found.append((b"x-imagewire-image", _UNSAFE_VALUE.sub("?", chosen[:_LONGEST_NAME]).encode()))
    if builder.explains_mask:
        found.append((b"x-imagewire-mask", b"sent as a picture"))
    return found


def _names(fields: Iterable[str]) -> bytes:
    names = ",".join(dict.fromkeys(_quoted(name) for name in fields))
    return (names if len(names) <= _LONGEST else names[:_LONGEST] + "...").encode()


def _quoted(name: str) -> str:
    """A field's name, percent-encoded: names are the caller's text, so they may hold anything."""
    return quote(name[:_LONGEST_NAME], safe="[]", errors="replace")
