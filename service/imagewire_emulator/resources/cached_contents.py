"""Cached contents: the beginning of a prompt that is kept, and named by later requests."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from imagewire_emulator import schema
from imagewire_emulator.errors import ApiError, invalid
from imagewire_emulator.models import BY_ID, Model
from imagewire_emulator.resources.route import Asked, Json, Route, route
from imagewire_emulator.resources.times import expiry, now, stamp
from imagewire_emulator.usage import prompt_tokens

_LIVES = timedelta(hours=1)
_MOST = 1000
# Fewer tokens are not worth caching.
_LEAST_TOKENS = 1024
_CONTENT = ("contents", "systemInstruction", "tools", "toolConfig")
_OWN = ("model", "displayName", "ttl", "expireTime")


@dataclass(slots=True)
class Cached:
    """described: as the API shows it. tokens: those of its content."""

    described: Json
    model: str
    tokens: int
    expires: datetime


class CachedContents:
    """Those of one key, by name."""

    def __init__(self) -> None:
        self._kept: dict[str, Cached] = {}

    def find(self, name: str) -> Cached:
        """One that has not expired. Raises ApiError."""
        found = self._kept.get(name)
        if found is None or found.expires <= now():
            self._kept.pop(name, None)
            raise ApiError("PERMISSION_DENIED", "CachedContent not found (or permission denied)")
        return found

    def check(self, name: str, model: Model) -> Cached:
        """The one that a request for this model names. Raises ApiError."""
        found = self.find(name)
        if found.model != model.id:
            words = (
                f"Model used by GenerateContent request (models/{model.id}) and CachedContent (models/{found.model})"
            )
            raise invalid(f"{words} has to be the same.")
        return found

    def add(self, cached: Cached) -> None:
        """Keep one. Raises ApiError."""
        if len(self._kept) >= _MOST:
            raise ApiError("RESOURCE_EXHAUSTED", f"The emulator keeps at most {_MOST} cached contents of a key.")
        self._kept[cached.described["name"]] = cached

    def listed(self, prefix: str) -> list[Json]:
        """What is known of each whose name begins so."""
        valid = [cached for cached in self._kept.values() if cached.expires > now()]
        return [cached.described for cached in valid if cached.described["name"].startswith(prefix)]

    def delete(self, name: str) -> None:
        """Remove one. Raises ApiError."""
        self.find(name)
        del self._kept[name]

    def clear(self) -> None:
        """Remove all."""
        self._kept.clear()


async def _create(asked: Asked) -> Json:
    given = await asked.body()
    model_name = given.get("model")
    if not isinstance(model_name, str) or not model_name:
        raise invalid("* CreateCachedContentRequest.cached_content.model: model is required", "cached_content.model")
    model = BY_ID.get(model_name.rpartition("/")[2])
    if model is None:
        raise ApiError("NOT_FOUND", f"models/{model_name.rpartition('/')[2][:60]} is not found.")
    for name in given.keys() - {*_CONTENT, *_OWN}:
        raise invalid(f'Invalid JSON payload received. Unknown name "{name[:60]}": Cannot find field.')
    content = schema.read_request({name: given[name] for name in _CONTENT if name in given})
    tokens = sum(entry["tokenCount"] for entry in prompt_tokens(content))
    if tokens < _LEAST_TOKENS:
        words = f"Cached content is too small. total_token_count={tokens}, min_total_token_count={_LEAST_TOKENS}"
        raise invalid(words)
    expires, time = expiry(given, _LIVES), stamp(now())
    described = {
        "name": f"{_place(asked.names)}cachedContents/{secrets.token_hex(8)}",
        "model": model_name if asked.vertex else f"models/{model.id}",
        **({"displayName": given["displayName"]} if given.get("displayName") else {}),
        "createTime": time,
        "updateTime": time,
        "expireTime": stamp(expires),
        "usageMetadata": {"totalTokenCount": tokens},
    }
    asked.state.cached_contents.add(Cached(described, model.id, tokens, expires))
    return described


async def _update(asked: Asked) -> Json:
    found = asked.state.cached_contents.find(_name(asked.names))
    given = await asked.body()
    for name in given.keys() - {"ttl", "expireTime", "name"}:
        raise invalid(f"{name[:60]}: only the expiration of cached content can be changed.", name[:60])
    found.expires = expiry(given, _LIVES)
    found.described |= {"updateTime": stamp(now()), "expireTime": stamp(found.expires)}
    return found.described


async def _get(asked: Asked) -> Json:
    return asked.state.cached_contents.find(_name(asked.names)).described


async def _delete(asked: Asked) -> Json:
    asked.state.cached_contents.delete(_name(asked.names))
    return {}


async def _list(asked: Asked) -> Json:
    return asked.page(asked.state.cached_contents.listed(f"{_place(asked.names)}cachedContents/"), "cachedContents")


def _place(names: Mapping[str, str]) -> str:
    return f"{names['place'].removeprefix('/')}/" if names["place"] else ""


def _name(names: Mapping[str, str]) -> str:
    return f"{_place(names)}cachedContents/{names['id']}"


_ALL, _ONE = "{place}/cachedContents", "{place}/cachedContents/{id}"
ROUTES: tuple[Route, ...] = (
    route("POST", _ALL, _create),
    route("GET", _ALL, _list),
    route("GET", _ONE, _get),
    route("PATCH", _ONE, _update),
    route("DELETE", _ONE, _delete),
)
