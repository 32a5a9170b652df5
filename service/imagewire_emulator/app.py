"""Answers generateContent on the Gemini API, on Vertex AI and in its express mode; and leads to everything else.

It uses aiohttp, because a scenario must control the connection itself (to reset it), and must notice at once that the
client has disconnected.
"""

import asyncio
import dataclasses
import gzip
import json
import re
from collections.abc import Iterable
from typing import Any, Protocol

from aiohttp import web

from imagewire_emulator import answer, body, directives, faults, framing, incoming, latency, native_parts, rules, schema
from imagewire_emulator.adapt import adapted, wishes
from imagewire_emulator.control import Gallery, routes
from imagewire_emulator.credentials import authenticate, check_known, state_of
from imagewire_emulator.draw import Picture, Studio, Wish
from imagewire_emulator.errors import ApiError, invalid
from imagewire_emulator.ledger import Entry, Ledger
from imagewire_emulator.plan import Plan
from imagewire_emulator.resources import table, unserved, uploads
from imagewire_emulator.resources.route import Asked
from imagewire_emulator.rules.parts import BAD_PICTURE
from imagewire_emulator.state import State, States

_PATH = re.compile(
    r"/(?P<version>v1|v1beta|v1beta1|v1alpha)"
    r"(?P<place>/projects/[^/]+/locations/[^/]+/publishers/google|/publishers/google|)"
    r"/models/(?P<model>[^/:]+):(?P<method>generateContent|streamGenerateContent)"
)
_STUDIO = Studio()  # a process may run many emulators, and a picture depends only on its Wish
_HEADERS = (
    *("user-agent", "x-goog-api-client", "x-goog-user-project", "content-type", "accept-encoding"),
    *("traceparent", "tracestate", "baggage", "x-request-id"),
)


class Answerer(Protocol):
    """Answers calls. An ApiError is written as Google writes it. words: what it does, for people."""

    words: str

    async def answer(self, request: web.Request, entry: Entry) -> web.StreamResponse:
        """Answer a call, and complete its entry in the ledger."""

    async def close(self) -> None:
        """Release what it holds."""


class EmulatorApp:
    """The web application. answerer: what answers calls instead of the emulator itself. host: where it is served."""

    def __init__(self, answerer: Answerer | None = None, host: str = "") -> None:
        self._states = States()
        self._answerer = answerer
        self._gallery = Gallery()
        self.web = web.Application(client_max_size=incoming.MAX_BODY)
        self.web.on_response_prepare.append(_without_empty_type)
        self.web.router.add_routes(routes(self._steered, self._states.names, self._gallery, host.lower()))
        self.web.router.add_route("*", "/{path:.*}", self._call)

    @property
    def ledger(self) -> Ledger:
        """The calls with the key that has no name."""
        return self._states.nameless.ledger

    def _state(self, request: web.Request) -> State:
        return self._states.find(state_of(request))

    def _steered(self, request: web.Request) -> State:
        """What a call of the control API is about. Raises ApiError for a credential that is wrong."""
        check_known(request)
        return self._state(request)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        upload_id = request.query.get("upload_id") if request.path.startswith("/upload/") else None
        state = self._states.uploading(upload_id) if upload_id is not None else self._state(request)
        entry = state.ledger.open(request.method, incoming.readable(request.path))
        entry.headers = {name: incoming.readable(request.headers[name]) for name in _HEADERS if name in request.headers}
        try:
            if self._answerer is None:
                return await self._answer(request, entry, state)
            if directives.HEADER in request.headers:
                raise invalid(f"{directives.HEADER} does not change recorded answers: leave it out.", directives.HEADER)
            return await self._answerer.answer(request, entry)
        except ApiError as error:
            entry.status = error.http
            entry.end("error")
            return web.json_response(error.body(), status=error.http)
        except asyncio.CancelledError:
            entry.end("client_disconnected")
            raise
        except ConnectionError:
            # It was closed by the client, or here on demand. An exception would be printed as a fault of the program.
            entry.end("client_disconnected")
            return web.Response()

    async def _answer(self, request: web.Request, entry: Entry, state: State) -> web.StreamResponse:
        match = _PATH.fullmatch(request.path)
        if match is None or request.method != "POST":
            return await self._resource(request, entry, state)
        entry.api = "gemini" if not match["place"] else "vertex" if "/projects/" in match["place"] else "express"
        entry.stream = match["method"] == "streamGenerateContent"
        entry.auth = authenticate(request, bearer=entry.api == "vertex").kind
        given = incoming.parse(await incoming.body(request))
        scene = self._scene(request, match["model"], given, entry, state)
        return await self._draw(request, entry, state, scene)

    def _scene(
        self, request: web.Request, model_id: str, given: Any, entry: Entry, state: State, base: Plan | None = None
    ) -> answer.Scene:
        """What a request asks for. base: the plan of the batch in which it is, if any. Raises ApiError."""
        vertex = entry.api != "gemini"
        state.ledger.keep(entry, given)
        model, of_model = directives.of_model(model_id, vertex=vertex)
        entry.model, entry.scenario = model.id, of_model.name if of_model else ""
        wanted = schema.read_request(given)
        entry.parts = [
            [native_parts.kind(part) for part in turn.get("parts", ())] for turn in wanted.get("contents", ())
        ]
        rules.check(wanted, model, vertex=vertex)
        state.files.check(wanted, str(request.url.origin()))
        cached = state.cached_contents.check(wanted["cachedContent"], model).tokens if "cachedContent" in wanted else 0
        header = incoming.readable(request.headers.get(directives.HEADER, "")) if base is None else ""
        entry.emulate = "; ".join(filter(None, (header, directives.of_prompt(wanted))))
        asked = [*([of_model] if of_model else []), *directives.parse(entry.emulate)]
        if base is None:
            plan = state.steering.plan(asked, request.path)
        else:
            state.steering.pay()
            plan = state.steering.added(base, asked, entry.path)
        plan = adapted(plan, wanted, model)
        return answer.Scene(model, plan, wanted, [], vertex, cached)

    async def _resource(self, request: web.Request, entry: Entry, state: State) -> web.StreamResponse:
        """Everything beside generateContent."""
        found = table.find(request.method, request.path)
        uploading = request.method == "POST" and "upload_id" in request.query and request.path.startswith("/upload/")
        if found is None and not uploading:
            unserved.check(request.path)
            raise ApiError("NOT_FOUND", f"The requested URL {request.path} was not found on this server.")
        vertex = "/publishers/" in request.path or "/projects/" in request.path
        if not uploading:
            entry.api = "vertex" if vertex else "gemini"
            express = vertex and "authorization" not in request.headers
            entry.auth = authenticate(request, bearer=vertex and not express).kind
        entry.emulate = incoming.readable(request.headers.get(directives.HEADER, ""))
        plan = state.steering.faults(directives.parse(entry.emulate), request.path)
        if (refused := await faults.instead(entry, plan, plan.delay)) is not None:
            return refused
        if found is None or uploading:
            made = await uploads.upload(state.files, request)
        else:
            route, names = found
            answered = await route.handler(Asked(request, state, names, vertex, entry, plan, self))
            made = answered if isinstance(answered, web.Response) else web.json_response(answered)
        return await faults.send(request, made, plan, entry)

    async def _draw(self, request: web.Request, entry: Entry, state: State, scene: answer.Scene) -> web.StreamResponse:
        plan, wanted = scene.plan, scene.request
        if plan.damage == "leak":
            key, prompt = request.headers.get("x-goog-api-key"), answer.prompt_of(wanted)
            plan = dataclasses.replace(plan, error=ApiError("INTERNAL", f"failed for key {key} and prompt {prompt}"))
        delay = latency.first_byte(plan, scene.model, wanted)
        if (refused := await faults.instead(entry, plan, delay)) is not None:
            return refused
        sse = entry.stream and request.query.get("alt") == "sse"
        response = web.StreamResponse(headers={"Content-Type": _content_type(plan, sse=sse)})
        entry.status = 200
        if plan.damage == "bomb":
            await body.send_without_end(request, response, entry)
            return response
        charged = plan.layout.count("image")
        state.steering.reserve(charged)
        pictures = await self.draw(wishes(plan, wanted))
        self.count(entry, pictures, charged)
        scene = dataclasses.replace(scene, pictures=pictures)
        if entry.stream:
            pieces = framing.stream(answer.events(scene), plan, pictures, sse=sse)
        else:
            pieces = framing.unary(answer.whole(scene), plan, pictures)
        if plan.damage == "gzip":
            response.headers["Content-Encoding"] = "gzip"
            pieces = [gzip.compress(b"".join(pieces), 1)]
        await body.send(request, response, pieces, plan, entry)
        return response

    async def draw(self, wanted: Iterable[Wish]) -> list[Picture]:
        """Draw pictures. Raises ApiError."""
        try:
            return [await asyncio.to_thread(_STUDIO.draw, wish) for wish in wanted]
        except ValueError as error:
            raise invalid(f"The scenario asks for too few bytes: {error}") from None
        except OSError:  # an input whose header is sound and whose pixels are not
            raise invalid(BAD_PICTURE) from None

    def count(self, entry: Entry, pictures: list[Picture], charged: int) -> None:
        """Enter pictures into the ledger and the gallery; `charged` of them are final ones."""
        entry.images = [_described(picture) for picture in pictures]
        entry.charged = charged
        self._gallery.add(pictures)

    def scene(self, asked: Asked, model_id: str, given: Any, entry: Entry) -> answer.Scene:
        """What a request of a batch asks for. Raises ApiError."""
        entry.api, entry.auth = asked.entry.api, asked.entry.auth
        return self._scene(asked.request, model_id, given, entry, asked.state, asked.plan)

    async def whole(self, state: State, entry: Entry, scene: answer.Scene) -> Any:
        """The answer to a request of a batch. Faults of the connection do not concern it. Raises ApiError."""
        if scene.plan.error is not None:
            raise scene.plan.error
        charged = scene.plan.layout.count("image")
        if not entry.images:
            state.steering.reserve(charged)
        pictures = await self.draw(wishes(scene.plan, scene.request))
        if not entry.images:
            self.count(entry, pictures, charged)
        drawn = dataclasses.replace(scene, pictures=pictures)
        return json.loads(b"".join(framing.unary(answer.whole(drawn), scene.plan, pictures)))


def _described(picture: Picture) -> dict[str, Any]:
    return {
        "sha256": picture.sha256,
        "size": len(picture.data),
        "mime_type": picture.mime_type,
        "width": picture.width,
        "height": picture.height,
    }


def _content_type(plan: Plan, *, sse: bool) -> str:
    if sse and plan.content_type is not None:
        return plan.content_type
    return "text/event-stream" if sse else "application/json; charset=UTF-8"


async def _without_empty_type(_: web.Request, response: web.StreamResponse) -> None:
    """Remove an empty media type: aiohttp would set one of its own if there is none."""
    if response.headers.get("Content-Type") == "":
        del response.headers["Content-Type"]
