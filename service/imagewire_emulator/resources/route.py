"""A path of the API, and what its handlers are given."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from imagewire_emulator import incoming
from imagewire_emulator.answer import Scene
from imagewire_emulator.draw import Picture, Wish
from imagewire_emulator.errors import invalid
from imagewire_emulator.ledger import Entry
from imagewire_emulator.plan import Plan

if TYPE_CHECKING:
    from imagewire_emulator.state import State

Json = dict[str, Any]

_VERSION = "/(?:v1|v1beta|v1beta1|v1alpha)"
_PLACE = "(?P<place>(?:/projects/[^/]+/locations/[^/]+)?)"


class Artist(Protocol):
    """What draws, and counts what was drawn."""

    async def draw(self, wanted: Iterable[Wish]) -> list[Picture]:
        """Draw pictures. Raises ApiError."""

    def count(self, entry: Entry, pictures: list[Picture], charged: int) -> None:
        """Enter pictures into the ledger and the gallery; `charged` of them are final ones."""

    def scene(self, asked: "Asked", model_id: str, given: Any, entry: Entry) -> Scene:
        """What a request of a batch asks for. Raises ApiError."""

    async def whole(self, state: "State", entry: Entry, scene: Scene) -> Any:
        """The answer to a request of a batch. Raises ApiError."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    names: the parts of its path. vertex: whether it is one of Vertex AI. entry: its own of the ledger. plan: by its
    header, and what was set for all calls.
    """

    request: web.Request
    state: "State"
    names: Mapping[str, str]
    vertex: bool
    entry: Entry
    plan: Plan
    artist: Artist

    async def body(self) -> Json:
        """Its JSON object. Raises ApiError."""
        value = incoming.parse(await incoming.body(self.request) or b"{}")
        if not isinstance(value, dict):
            raise invalid("Invalid JSON payload received. Expected an object.")
        return value

    def page(self, items: list[Json], name: str) -> Json:
        """One page of a list, by pageSize and pageToken. Raises ApiError."""
        size, start = (
            incoming.natural(self.request.query.get(key, default))
            for key, default in (("pageSize", "50"), ("pageToken", "0"))
        )
        if size is None:
            raise invalid("page_size: must be a number of at least 0.", "page_size")
        if start is None:
            raise invalid("The page token is invalid.", "page_token")
        end = start + (min(size, 1000) or 50)
        more = {"nextPageToken": str(end)} if end < len(items) else {}
        return {name: items[start:end], **more} if items[start:end] else {}


Handler = Callable[[Asked], Awaitable[Json | web.Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a pattern of paths."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler


def route(method: str, path: str, handler: Handler, *, prefix: str = "") -> Route:
    """A route. path: behind the version, "{name}" for a part of it; "{place}/" for Vertex AI's projects, or nothing."""
    pattern = re.sub(r"{(\w+)}", lambda match: _PLACE if match[1] == "place" else rf"(?P<{match[1]}>[^/:]+)", path)
    return Route(method, re.compile(f"{prefix}{_VERSION}{pattern}"), handler)
