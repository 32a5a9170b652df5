"""Google's own API: generateContent, streamGenerateContent, countTokens, and the models."""

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from imagewire_server.api.rest import idempotency, native_errors, native_relay, time_limit
from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.endpoints.meta import Models
from imagewire_server.api.rest.middleware import EXCHANGE, NATIVE, Exchange, Scope
from imagewire_server.api.rest.respond import Responder
from imagewire_server.api.rest.response import Send
from imagewire_server.contract import json_scan
from imagewire_server.contract.errors import InvalidRequest, NotFound, Violation
from imagewire_server.contract.relayed import RelayedRequest
from imagewire_server.core.access.caller import Caller
from imagewire_server.core.generate import Engine
from imagewire_server.core.offload import run_for_call
from imagewire_server.core.relay import Relay
from imagewire_server.core.router import Route, Router
from imagewire_server.formats.google import models, paths, request

_SPOKEN = "google"
# What of a URL goes on to Google, and with which values: what changes the form of the answer in another way does not.
_PASSED_ON = {"alt": ("json", "sse"), "$alt": ("json", "sse"), "prettyPrint": (), "$prettyPrint": ()}
# Seconds: Google's SDKs send their own limit so.
_SDK_TIMEOUT = "x-server-timeout"


@dataclass(frozen=True, slots=True)
class MethodEndpoint:
    """A method of a model."""

    responder: Responder
    method: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange: Exchange = scope[EXCHANGE]
        call = exchange.call
        if idempotency.key_of(call.headers):
            words = "is not for Google's API, whose answers are not sent again: leave it out"
            raise InvalidRequest([Violation(idempotency.NAME, words)])
        query = _query(scope["query_string"])
        body = bytes(await exchange.body.whole())
        call.large = json_scan.is_large(body)
        time_limit.set_deadline(call, None, more=(_SDK_TIMEOUT,))
        spec = await run_for_call(call, request.spec_of, body, _served(self.responder.engine.router, scope))
        asked = RelayedRequest(self.method, body, query, draws=self.method != paths.COUNT)
        del body  # a large one
        await native_relay.send(exchange, self.responder, spec, Relay(asked))


async def no_method(scope: Scope, receive: Receive, send: Send) -> None:
    """A method of a model that is not served."""
    raise native_errors.no_path()


@dataclass(frozen=True, slots=True)
class NativeModels:
    """The models, and one of them by its name. In /v1, `openai` answers those that are not of Google's API."""

    engine: Engine
    openai: Models

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not scope[NATIVE]:
            await self.openai(scope, receive, send)
            return
        exchange: Exchange = scope[EXCHANGE]
        caller, vertex = exchange.call.caller, "publisher" in scope["path_params"] or paths.is_vertex(scope["path"])
        offered = {name: route for name, route in self.engine.router.offered() if caller.may_ask(name)}
        if "model" not in scope["path_params"]:
            listed = _listed(self.engine.router, offered, caller).items()
            entries = [_entry(name, route, vertex=vertex) for name, route in listed]
            given = dict(parse_qsl(scope["query_string"].decode("latin-1")))
            size, token = given.get("pageSize", ""), given.get("pageToken", "")
            await _send(exchange, models.page(entries, size, token, vertex=vertex))
            return
        wanted = paths.model_name(scope["path_params"])
        names = _names(self.engine.router, wanted)
        name = next((one for one in names if one in offered), None)
        if name is None:
            caller.check_models([wanted])
            raise models.unknown(wanted, vertex=vertex)
        await _send(exchange, _entry(wanted, offered[name], vertex=vertex))


def _entry(name: str, route: Route, *, vertex: bool) -> dict[str, Any]:
    known = route.capabilities
    return models.entry(name, vertex=vertex, thinks=known.is_known and known.thinks)


async def _send(exchange: Exchange, value: object) -> None:
    await exchange.response.whole(200, msgspec.json.encode(value))


def _names(router: Router, name: str) -> list[str]:
    """Under which a model may be served: its own name, and with a provider of this API in front of it."""
    if name in router.routing.blocked or not models.is_name(name):
        return []
    speaking = [one for one in router.upstreams if getattr(one.provider, "speaks", "") == _SPOKEN]
    providers = dict.fromkeys(one.deployment.provider for one in speaking if "/" not in name)
    return [name, *(f"{provider}/{name}" for provider in providers)]


def _listed(router: Router, offered: Mapping[str, Route], caller: Caller) -> dict[str, Route]:
    """What is offered to a caller, by the names that a list has."""
    listed: dict[str, Route] = {}
    for name, route in offered.items():
        own = _googles(router, name, offered, caller)
        listed[name if own in listed else own] = route
    return listed


def _googles(router: Router, name: str, offered: Collection[str], caller: Caller) -> str:
    """Google's own id of a model, where that names it too; else its name here. offered: to the caller."""
    own = name.partition("/")[2]
    if not own or own in offered:
        return name
    served = _resolved(router, own)
    return own if served in {name, own} and caller.may_ask(served) else name


def _resolved(router: Router, name: str) -> str:
    """The name under which a model is served, "" where it is not."""
    for one in _names(router, name):
        with contextlib.suppress(NotFound):
            router.resolve(one)
            return one
    return ""


def _served(router: Router, scope: Scope) -> str:
    """The name under which the model of a path is served. Raises NotFound."""
    name = paths.model_name(scope["path_params"])
    if served := _resolved(router, name):
        return served
    raise models.unknown(name, vertex=paths.is_vertex(scope["path"]))


def _query(given: bytes) -> str:
    """The URL's query as it goes on. Raises InvalidRequest for what does not."""
    kept = []
    for name, value in parse_qsl(given.decode("latin-1"), keep_blank_values=True):
        values = _PASSED_ON.get(name)
        if values is None or (values and value not in values):
            words = f"must be {' or '.join(values)}" if values else "is not for this path of this server: leave it out"
            raise InvalidRequest([Violation(name[:64], words)])
        if values:
            kept.append(f"{name.removeprefix('$')}={value}")
    return "&".join(kept)
