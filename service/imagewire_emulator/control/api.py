"""The handlers of the control API, and its table of routes, from which /_emulator/openapi.json is made."""

import functools
import re
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import msgspec
from aiohttp import web

from imagewire_emulator import incoming
from imagewire_emulator.control import page
from imagewire_emulator.control.gallery import Gallery
from imagewire_emulator.control.openapi import Route, document
from imagewire_emulator.control.steering import Directives, Quota, Steering
from imagewire_emulator.control.types import Charges, Nothing, charges
from imagewire_emulator.directives import ALL
from imagewire_emulator.errors import ApiError, invalid
from imagewire_emulator.ledger import Entry, Ledger

_T = TypeVar("_T")
_Handler = Callable[[web.Request], Awaitable[Any]]
_IS_ADDRESS = re.compile(r"(?:localhost|[0-9.]+|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
# Names that nobody can register, so that no site of the internet can point them at this machine.
_IS_LOCAL = re.compile(r"(?:[^.:]+|.+\.(?:localhost|local|internal|svc|test))(?::[0-9]+)?", re.IGNORECASE)
_SECURE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": page.POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Steered(Protocol):
    """What a control call is about."""

    ledger: Ledger
    steering: Steering

    def clear(self) -> None:
        """Forget all."""


def routes(
    find: Callable[[web.Request], Steered], names: Callable[[], list[str]], gallery: Gallery, own: str
) -> list[web.RouteDef]:
    """The routes of the control API, and of the page.

    find: whose calls a request is about. names: of all keys. own: the host's name or address at which it is served.
    """
    table = _table(find, gallery)
    openapi = functools.cache(lambda: document(table))  # when it is first asked for: it takes longer than the rest

    def answering(handler: _Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        return _answering(handler, own)

    async def described(_: web.Request) -> dict[str, Any]:
        return openapi()

    made = [web.route(route.method, f"/_emulator{route.path}", answering(route.handler)) for route in table]

    async def unknown(request: web.Request) -> web.Response:
        words = f"{request.method} {request.path[:80]} is not of the control API: see /_emulator/openapi.json."
        body = ApiError("NOT_FOUND", words).body()
        if not (allowed := [route.method for route in table if route.matches(request.path)]):
            return web.json_response(body, status=404)
        body["error"]["code"] = 405
        return web.json_response(body, status=405, headers={"Allow": ", ".join(allowed)})

    async def show(request: web.Request) -> web.Response:
        text = page.html(find(request).ledger.entries, gallery, request.query.get("key", ""), names())
        return web.Response(text=text, content_type="text/html", headers=_SECURE)

    return [
        web.get("/", answering(show)),
        *made,
        web.get("/_emulator/openapi.json", answering(described)),
        web.route("*", "/_emulator/{path:.*}", answering(unknown)),
    ]


def _table(find: Callable[[web.Request], Steered], gallery: Gallery) -> list[Route]:
    async def requests(request: web.Request) -> list[Entry]:
        given = request.query.get("after", "0")
        after = incoming.natural(given)
        if after is None:
            raise invalid(f"after: {given[:40]!r} is not a number: send the id of an entry.", "after")
        return find(request).ledger.after(after)

    async def forget(request: web.Request) -> Nothing:
        find(request).ledger.clear()
        find(request).steering.restart()
        return Nothing()

    async def one(request: web.Request) -> Entry:
        for entry in find(request).ledger.entries:
            if str(entry.id) == request.match_info["id"]:
                return entry
        raise ApiError("NOT_FOUND", f"There is no request {request.match_info['id'][:40]}: see /_emulator/requests.")

    async def charged(request: web.Request) -> Charges:
        return charges(find(request).ledger.entries)

    async def scenarios(_: web.Request) -> dict[str, str]:
        return {name: words for name, (words, _) in ALL.items()}

    async def directives(request: web.Request) -> Directives:
        return find(request).steering.directives

    async def direct(request: web.Request) -> Directives:
        find(request).steering.direct(await _body(request, Directives))
        return find(request).steering.directives

    async def undirect(request: web.Request) -> Directives:
        find(request).steering.direct(Directives(""))
        return find(request).steering.directives

    async def quota(request: web.Request) -> Quota:
        return find(request).steering.quota

    async def limit(request: web.Request) -> Quota:
        find(request).steering.limit(await _body(request, Quota))
        return find(request).steering.quota

    async def unlimit(request: web.Request) -> Quota:
        find(request).steering.limit(Quota())
        return find(request).steering.quota

    async def reset(request: web.Request) -> Nothing:
        find(request).clear()
        return Nothing()

    async def picture(request: web.Request) -> web.Response:
        sha256 = request.match_info["sha256"]
        found = gallery.find(sha256) if find(request).ledger.has_picture(sha256) else None
        if found is None:
            words = "The picture is not kept: only those of the last answers are, for the key of the call."
            raise ApiError("NOT_FOUND", words)
        forever = {**_SECURE, "Cache-Control": "private, max-age=31536000, immutable"}
        return web.Response(body=found.data, content_type=found.mime_type, headers=forever)

    return [
        Route("GET", "/requests", requests, "The requests, oldest first.", list[Entry], query=("after",)),
        Route("DELETE", "/requests", forget, "Forget the requests, and count directives from now.", Nothing),
        Route("GET", "/requests/{id}", one, "One request.", Entry),
        Route("GET", "/charges", charged, "How many pictures would have been charged.", Charges),
        Route("GET", "/scenarios", scenarios, "The scenarios, each with what it does.", dict[str, str]),
        Route("GET", "/directives", directives, "The directives for all calls.", Directives),
        Route("POST", "/directives", direct, "Set directives for all later calls.", Directives, Directives),
        Route("DELETE", "/directives", undirect, "Remove them.", Directives),
        Route("GET", "/quota", quota, "What is left of the quota.", Quota),
        Route("POST", "/quota", limit, "Set the quota, counted from now.", Quota, Quota),
        Route("DELETE", "/quota", unlimit, "Remove the quota.", Quota),
        Route("POST", "/reset", reset, "Forget the requests, directives, quota, files and cached contents.", Nothing),
        Route("GET", "/pictures/{sha256}", picture, "A picture of one of the last answers.", "image/*"),
    ]


async def _body(request: web.Request, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(await incoming.body(request), type=kind)
    except msgspec.DecodeError as error:
        raise invalid(f"The body is not what {request.path} takes: {error}. See /_emulator/openapi.json.") from None


def _check_site(request: web.Request, own: str) -> None:
    """Refuse what another site's page sends from a browser on this machine. Raises ApiError."""
    # Another site's name may be pointed at this machine. Then a browser lets its page read what is answered.
    host = request.host.lower()
    if not (_IS_ADDRESS.fullmatch(host) or _IS_LOCAL.fullmatch(host)) and own not in (host, host.rpartition(":")[0]):
        words = f"The control API has not the name {incoming.readable(host)[:80]!r}, which may be another site's"
        raise ApiError("PERMISSION_DENIED", f"{words}: use the address, or a name without dots.")
    if request.method == "GET":
        return
    origin = request.headers.get("origin")
    here = f"{request.scheme}://{request.host}"
    if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"} or (
        origin is not None and (origin != here or not _IS_ADDRESS.fullmatch(request.host))
    ):
        raise ApiError("PERMISSION_DENIED", "A page of another site may not steer the emulator.")


def _answering(handler: _Handler, own: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            _check_site(request, own)
            made = await handler(request)
        except ApiError as error:
            return web.json_response(error.body(), status=error.http)
        if isinstance(made, web.Response):
            return made
        return web.Response(body=msgspec.json.encode(made), content_type="application/json", headers=_SECURE)

    return answer
