"""Information about the server: models, health, readiness, metrics."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, fields

import msgspec

from imagewire_server import __version__
from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.middleware import EXCHANGE, Exchange, Scope
from imagewire_server.api.rest.response import Send
from imagewire_server.api.rest.status import HttpError
from imagewire_server.contract.errors import NotFound
from imagewire_server.contract.provider import Capabilities
from imagewire_server.core import exposition
from imagewire_server.core.generate import Engine
from imagewire_server.core.router import Route
from imagewire_server.formats.openai.common import server_info

# What an entry says of a model, under the names of its capabilities.
_CAPABILITIES = ({f.name for f in fields(Capabilities)} & set(server_info.ModelEntry.__struct_fields__)) - {"id"}

_DOWN = (
    "the store of answers does not work now: answers are not kept, and calls with a request_id are refused; see the log"
)


@dataclass(slots=True)
class Ready:
    """Whether the server takes new calls: not while it drains. warnings: what its operator should know.

    is_store_down: whether answers should be kept, and cannot.
    """

    is_store_down: Callable[[], bool]
    ready: bool = True
    warnings: tuple[str, ...] = ()

    @property
    def shown(self) -> list[str]:
        """The warnings that are true now."""
        return [*self.warnings, *([_DOWN] if self.is_store_down() else [])]


async def _send(scope: Scope, value: object) -> None:
    exchange: Exchange = scope[EXCHANGE]
    await exchange.response.whole(200, msgspec.json.encode(value))


@dataclass(frozen=True, slots=True)
class Models:
    """GET /v1/models, and one of them by its id."""

    engine: Engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange: Exchange = scope[EXCHANGE]
        caller = exchange.call.caller
        entries = {name: _entry(name, route) for name, route in self.engine.router.offered() if caller.may_ask(name)}
        wanted = scope["path_params"].get("model")
        caller.check_models([wanted] if wanted is not None else ())
        if wanted is None:
            await _send(scope, server_info.ModelList(object="list", data=list(entries.values())))
        elif wanted in entries:
            await _send(scope, entries[wanted])
        else:
            raise NotFound(
                "this server does not know this model: GET /v1/models lists the known ones; others may still work"
            )


def _entry(name: str, route: Route) -> server_info.ModelEntry:
    """A model; unknown fields are left out."""
    provider = route.upstream.deployment.provider
    # The table of models does not have the creation time.
    entry = server_info.ModelEntry(id=name, object="model", created=0, owned_by=provider)
    known = route.capabilities
    if not known.is_known:
        return entry
    for field in _CAPABILITIES:
        if (value := getattr(known, field)) is not None:
            setattr(entry, field, list(value) if isinstance(value, tuple) else value)
    return entry


@dataclass(frozen=True, slots=True)
class Health:
    """GET /health: the state of the deployments. It makes no call to a provider, so it costs nothing."""

    engine: Engine
    state: Ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        sides: dict[bool, list[server_info.Endpoint]] = {True: [], False: []}
        for deployment, is_open in self.engine.router.deployments():
            named = server_info.Endpoint(model=f"{deployment.provider}/{deployment.model}", model_id=deployment.id)
            sides[is_open].append(named)
        await _send(
            scope,
            server_info.Health(
                healthy_endpoints=sides[True],
                unhealthy_endpoints=sides[False],
                healthy_count=len(sides[True]),
                unhealthy_count=len(sides[False]),
                warnings=self.state.shown,
            ),
        )


async def counts(scope: Scope, receive: Receive, send: Send) -> None:
    """GET /metrics: metrics for Prometheus, of all workers, whichever worker answers."""
    exchange: Exchange = scope[EXCHANGE]
    page = await asyncio.to_thread(exposition.page)
    exchange.response.typed(exposition.MEDIA_TYPE.encode())
    await exchange.response.whole(200, page)


async def liveliness(scope: Scope, receive: Receive, send: Send) -> None:
    """GET /health/liveliness: the process is alive."""
    await _send(scope, "I'm alive!")


@dataclass(frozen=True, slots=True)
class Readiness:
    """GET /health/readiness: 503 while the server drains."""

    state: Ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not self.state.ready:
            raise HttpError(503, "DRAINING", "this server is stopping: use another")
        await _send(scope, server_info.Readiness("healthy", __version__, self.state.shown))
