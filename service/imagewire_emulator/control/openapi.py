"""/_emulator/openapi.json, made from the table of routes and their types."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from imagewire_emulator.control.types import Error

Json = dict[str, Any]

_PARAMETERS: dict[str, Json] = {
    "after": {
        "name": "after",
        "in": "query",
        "description": "Only entries with a larger id.",
        "schema": {"type": "integer", "minimum": 0, "default": 0},
    },
    "sha256": {
        "name": "sha256",
        "in": "path",
        "required": True,
        "description": "The hash of a picture of the last answers, in hex.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    },
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The id of an entry.",
        "schema": {"type": "integer", "minimum": 1},
    },
}


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the control API. path: without /_emulator. asked, answered: types, or a media type if not JSON."""

    method: str
    path: str
    handler: Callable[..., Any]
    words: str
    answered: Any
    asked: Any = None
    query: tuple[str, ...] = ()

    def matches(self, path: str) -> bool:
        """Whether it has this path, with any method."""
        return re.fullmatch(f"/_emulator{re.sub(r'{[a-z0-9]+}', '[^/]+', self.path)}", path) is not None


def document(routes: Iterable[Route]) -> Json:
    """The OpenAPI document of the routes."""
    listed = list(routes)
    kinds = [kind for route in listed for kind in (route.asked, route.answered) if kind and not isinstance(kind, str)]
    schemas, components = msgspec.json.schema_components([*kinds, Error], ref_template="#/components/schemas/{name}")
    named = iter(schemas)
    paths: Json = {}
    for route in listed:
        operation: Json = {"summary": route.words, "operationId": f"{route.method.lower()}{_title(route.path)}"}
        names = [*re.findall(r"{(\w+)}", route.path), *route.query]
        if names:
            operation["parameters"] = [_PARAMETERS[name] for name in names]
        if route.asked is not None:
            operation["requestBody"] = {"required": True, "content": _content(next(named))}
        content = {route.answered: {}} if isinstance(route.answered, str) else _content(next(named))
        operation["responses"] = {"200": {"description": "OK", "content": content}}
        if names or route.asked is not None:
            operation["responses"] |= {
                str(status): {"description": words, "content": _content(schemas[-1])}
                for status, words in ((400, "The request is wrong."), (404, "There is no such entry or picture."))
                if status == 400 or "{" in route.path
            }
        paths.setdefault(f"/_emulator{route.path}", {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "imagewire-emulator",
            "version": "1",
            "description": "Steers the emulator, and says what it was asked. Calls are those of the key that is sent.",
        },
        "security": [{}, {"key": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-goog-api-key"}},
        },
    }


def _content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _title(path: str) -> str:
    return "".join(word.title() for word in re.findall(r"\w+", path))
