"""The paths of the Gemini API, of Vertex AI and of its express mode, and those of the ledger under /_emulator.

It uses aiohttp, because a scenario must control the connection itself (to reset it), and must notice at once that the
client has disconnected.
"""

import asyncio
import gzip
import hmac
import json
import re
from typing import Any, Protocol

from aiohttp import web

from imagewire_emulator import answer, body, directives, framing, latency, native_parts, schema, semantics
from imagewire_emulator.adapt import adapted, wishes
from imagewire_emulator.control import Gallery, Steering, routes
from imagewire_emulator.draw import Picture, Studio
from imagewire_emulator.errors import ApiError, detail, invalid
from imagewire_emulator.ledger import Entry, Ledger, without_pictures
from imagewire_emulator.models import Model
from imagewire_emulator.plan import Plan

API_KEY = "emulator-key"
TOKEN = "emulator-token"  # noqa: S105  # known to everybody

_PATH = re.compile(
    r"/(?P<version>v1|v1beta|v1beta1|v1alpha)"
    r"(?P<place>/projects/[^/]+/locations/[^/]+/publishers/google|/publishers/google|)"
    r"/models/(?P<model>[^/:]+):(?P<method>generateContent|streamGenerateContent)"
)
_MAX_BODY = 100 * 1024 * 1024
_STUDIO = Studio()  # a process may run many emulators, and a picture depends only on its Wish
_HEADERS = ("user-agent", "x-goog-api-client", "x-goog-user-project", "content-type", "accept-encoding")


class Answerer(Protocol):
    """Answers calls. An ApiError is written as Google writes it. words: what it does, for people."""

    words: str

    async def answer(self, request: web.Request, entry: Entry) -> web.StreamResponse:
        """Answer a call, and complete its entry in the ledger."""

    async def close(self) -> None:
        """Release what it holds."""


class EmulatorApp:
    """The web application and its ledger. answerer: what answers calls instead of the emulator itself."""

    def __init__(self, answerer: Answerer | None = None) -> None:
        self.ledger = Ledger()
        self._answerer = answerer
        self.steering = Steering()
        self._gallery = Gallery()
        self.web = web.Application(client_max_size=_MAX_BODY)
        self.web.on_response_prepare.append(_without_empty_type)
        self.web.router.add_routes(routes(lambda _: self, self._gallery))
        self.web.router.add_route("*", "/{path:.*}", self._call)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        entry = self.ledger.open(request.method, request.path)
        entry.headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
        try:
            if self._answerer is None:
                return await self._answer(request, entry)
            if directives.HEADER in request.headers:
                raise invalid(f"{directives.HEADER} does not change recorded answers: leave it out.", directives.HEADER)
            return await self._answerer.answer(request, entry)
        except ApiError as error:
            entry.status = error.http
            entry.end("error")
            return web.json_response(error.body(), status=error.http)
        except (asyncio.CancelledError, ConnectionError):
            entry.end("client_disconnected")
            raise

    async def _answer(self, request: web.Request, entry: Entry) -> web.StreamResponse:
        match = _PATH.fullmatch(request.path)
        if match is None or request.method != "POST":
            raise ApiError("NOT_FOUND", f"The requested URL {request.path} was not found on this server.")
        vertex = bool(match["place"])
        entry.api = "gemini" if not vertex else "vertex" if "/projects/" in match["place"] else "express"
        entry.stream = match["method"] == "streamGenerateContent"
        entry.auth = _authenticate(request, bearer=entry.api == "vertex")
        try:
            given = json.loads(await request.read())
        except web.HTTPRequestEntityTooLarge:
            raise invalid(f"Request payload size exceeds the limit: {_MAX_BODY} bytes.") from None
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            raise invalid("Invalid JSON payload received. Expected a value.") from None
        entry.body = without_pictures(given)
        model, of_model = directives.of_model(match["model"])
        entry.model, entry.scenario = model.id, of_model.name if of_model else ""
        wanted = schema.read_request(given)
        entry.parts = [
            [native_parts.kind(part) for part in turn.get("parts", ())] for turn in wanted.get("contents", ())
        ]
        semantics.check(wanted, model, vertex=vertex)
        entry.emulate = "; ".join(filter(None, (request.headers.get(directives.HEADER), directives.of_prompt(wanted))))
        asked = [*([of_model] if of_model else []), *directives.parse(entry.emulate)]
        plan = self.steering.plan(asked, request.path)
        return await self._draw(request, entry, model, adapted(plan, wanted, model), wanted)

    async def _draw(
        self, request: web.Request, entry: Entry, model: Model, plan: Plan, wanted: dict[str, Any]
    ) -> web.StreamResponse:
        await asyncio.sleep(latency.first_byte(plan, model, wanted))
        if plan.silent:
            await asyncio.Event().wait()
        if plan.error is not None:
            entry.status = plan.error.http
            entry.end("error")
            return web.json_response(plan.error.body(), status=plan.error.http, headers=plan.headers)
        if (odd := _odd_answer(plan, request, wanted)) is not None:
            entry.status = odd.status
            entry.end("error")
            return odd
        sse = entry.stream and request.query.get("alt") == "sse"
        response = web.StreamResponse(headers={"Content-Type": _content_type(plan, sse=sse)})
        entry.status = 200
        if plan.damage == "bomb":
            await body.send_without_end(request, response, entry)
            return response
        try:
            pictures = [await asyncio.to_thread(_STUDIO.draw, wish) for wish in wishes(plan, wanted)]
        except ValueError as error:
            raise invalid(f"The scenario asks for too few bytes: {error}") from None
        entry.images = [_described(picture) for picture in pictures]
        entry.charged = plan.layout.count("image")
        self.steering.drew(entry.charged)
        self._gallery.add(pictures)
        scene = answer.Scene(model, plan, wanted, pictures, vertex=entry.api != "gemini")
        if entry.stream:
            pieces = framing.stream(answer.events(scene), plan, pictures, sse=sse)
        else:
            pieces = framing.unary(answer.whole(scene), plan, pictures)
        if plan.damage == "gzip":
            response.headers["Content-Encoding"] = "gzip"
            pieces = [gzip.compress(b"".join(pieces), 1)]
        await body.send(request, response, pieces, plan, entry)
        return response


def _authenticate(request: web.Request, *, bearer: bool) -> str:
    """The kind of the credential. Raises ApiError if it is wrong."""
    if "key" in request.query:
        raise invalid("The emulator does not accept a key in the URL: send it as x-goog-api-key.")
    if bearer:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {TOKEN}".encode()):
            raise ApiError(
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials. Expected OAuth 2 access token.",
                [detail("ErrorInfo", reason="ACCESS_TOKEN_TYPE_UNSUPPORTED", domain="googleapis.com")],
            )
        return "bearer"
    key = request.headers.get("x-goog-api-key")
    if key is None:
        raise ApiError(
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers (callers without established identity)."
            " Please use API Key or other form of API consumer identity to call this API.",
        )
    if not hmac.compare_digest(key.encode(), API_KEY.encode()):
        raise ApiError(
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            [detail("ErrorInfo", reason="API_KEY_INVALID", domain="googleapis.com")],
        )
    return "key"


def _described(picture: Picture) -> dict[str, Any]:
    return {
        "sha256": picture.sha256,
        "size": len(picture.data),
        "mime_type": picture.mime_type,
        "width": picture.width,
        "height": picture.height,
    }


def _odd_answer(plan: Plan, request: web.Request, wanted: dict[str, Any]) -> web.Response | None:
    if plan.damage == "leak":
        words = f"failed for key {request.headers.get('x-goog-api-key')} and prompt {answer.prompt_of(wanted)}"
        return web.json_response(ApiError("INTERNAL", words).body(), status=500)
    if plan.raw is None:
        return None
    return web.Response(status=plan.raw.status, body=plan.raw.body, headers=plan.raw.headers)


def _content_type(plan: Plan, *, sse: bool) -> str:
    if sse and plan.content_type is not None:
        return plan.content_type
    return "text/event-stream" if sse else "application/json; charset=UTF-8"


async def _without_empty_type(_: web.Request, response: web.StreamResponse) -> None:
    """Remove an empty media type: aiohttp would set one of its own if there is none."""
    if response.headers.get("Content-Type") == "":
        del response.headers["Content-Type"]
