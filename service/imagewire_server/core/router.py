"""From a model's name to the deployment that is asked: groups of deployments, one chosen by strategy and circuit."""

import random
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from imagewire_server.config import name_patterns
from imagewire_server.config.deployments import Deployment
from imagewire_server.config.routing import Routing
from imagewire_server.contract import pb
from imagewire_server.contract.errors import Code, Cooling, Error, NotFound
from imagewire_server.contract.provider import Capabilities, Provider
from imagewire_server.core import metrics
from imagewire_server.core.circuit import Circuit, Slot
from imagewire_server.core.wildcards import Wildcards

# A wildcard serves any id: so many circuits of a deployment are remembered, and what serves so many names of so many
# characters: a deployment, the provider's id and what that model can do.
_REMEMBERED, _LONGEST = 1000, 256
_Served = tuple["Upstream", str, Capabilities]


class Upstream:
    """A deployment with the provider that speaks to it, and a circuit for each model (`circuits`, by its id).

    before: the same deployment's, from before the configuration was read again; its circuits go on. completed:
    adds the deployment's defaults to a copy of a request, but those of fields that the caller cleared.
    """

    def __init__(
        self,
        deployment: Deployment,
        provider: Provider,
        before: "Upstream | None" = None,
        *,
        completed: Callable[[pb.Spec, frozenset[str]], pb.Spec] | None = None,
    ) -> None:
        self.deployment = deployment
        self.provider = provider
        self.completed = completed
        self.circuits: OrderedDict[str, Circuit] = before.circuits if before else OrderedDict()

    def circuit(self, native_id: str) -> Circuit:
        """Its circuit for one model."""
        circuit = self.circuits.get(native_id)
        if circuit is None:
            circuit = self.circuits[native_id] = Circuit()
        self.circuits.move_to_end(native_id)
        if len(self.circuits) > _REMEMBERED:
            self.circuits.popitem(last=False)
        return circuit

    def is_available(self, now: float) -> bool:
        """Whether it may be asked now, for every model that it was asked for."""
        return all(circuit.allows(now) for circuit in self.circuits.values())


@dataclass(frozen=True, slots=True)
class Route:
    """One way to serve a call. native_id: the provider's id."""

    upstream: Upstream
    native_id: str
    capabilities: Capabilities
    circuit: Circuit

    @property
    def name(self) -> str:
        """The model's name with its provider in front, as answers name it."""
        return f"{self.upstream.deployment.provider}/{self.native_id}"

    @property
    def id(self) -> str:
        """The deployment's id."""
        return self.upstream.deployment.id


@dataclass(frozen=True, slots=True)
class Group:
    """All routes of one name."""

    name: str
    routes: tuple[Route, ...]


class Router:
    """Resolves names and chooses routes. clock: monotonic seconds. dice: chooses among equals.

    claimed: the provider that a model without one belongs to, "" for none.
    """

    def __init__(
        self,
        upstreams: Sequence[Upstream],
        routing: Routing,
        *,
        clock: Callable[[], float] = time.monotonic,
        dice: random.Random | None = None,
        claimed: Callable[[str], str] = lambda name: "",
    ) -> None:
        self._upstreams = upstreams
        self._routing = routing
        self._wildcards = Wildcards([upstream.deployment for upstream in upstreams], routing, claimed)
        self._aliases = {alias.name: alias.target for alias in routing.aliases}
        self._lost_aliases = dict(routing.lost_aliases)
        self._caches = any(upstream.deployment.cache_ttl is not None for upstream in upstreams)
        self._clock = clock
        self._dice = dice or random.Random()  # noqa: S311  # it spreads load
        # A call resolves its name several times; what serves it is the same as long as the configuration.
        self._remembered = lru_cache(_REMEMBERED)(self._serving)

    @property
    def caches(self) -> bool:
        """Whether any deployment has a cache_ttl of its own."""
        return self._caches

    @property
    def upstreams(self) -> Sequence[Upstream]:
        """All of them."""
        return self._upstreams

    @property
    def routing(self) -> Routing:
        """Its settings."""
        return self._routing

    def resolve(self, name: str) -> Group:
        """The routes of a name: a model_name, an alias, a wildcard's, or a deployment's own provider/model.

        Raises NotFound.
        """
        target = self._aliases.get(name, name)
        if target in self._routing.blocked:
            raise NotFound(f"model {name!r} is blocked by the server's file; use another one")
        routes = tuple(map(_route, (self._remembered if len(target) <= _LONGEST else self._serving)(target)))
        if not routes and name in self._lost_aliases:
            raise NotFound(
                f"model {name!r} is an alias in the server's file, for {self._lost_aliases[name]!r}, which is not"
                " served here; use another one"
            )
        if not routes and self._wildcards.is_skipped(target):
            raise NotFound(
                f"model {name!r} is skipped: the server's file has it for a provider, or a kind of model, that is not"
                " served here; use another one"
            )
        if not routes:
            offered = ", ".join(dict.fromkeys(up.deployment.name for up in self._upstreams)) or "nothing"
            listed = "ListModels, over REST GET /v1/models, lists them"
            raise NotFound(f"no model {name!r} is served here; this server offers {offered}: {listed}")
        return Group(name, routes)

    def capabilities(self, name: str) -> Capabilities:
        """Those of a name's first route, with the fields that all of its routes support. Raises NotFound."""
        first, *others = (route.capabilities for route in self.resolve(name).routes)
        fields = first.fields
        for other in others:
            if other.fields is not fields:  # of another provider
                fields &= other.fields
        return first if fields is first.fields else replace(first, fields=fields)

    def offered(self) -> list[tuple[str, Route]]:
        """Every name that callers may ask for, with its first route; wildcards stand for the models that are known."""
        found: dict[str, Route] = {}
        for up in self._upstreams:
            pattern = up.deployment.name
            if "*" not in pattern:
                found.setdefault(pattern, _route(_served(up, up.deployment.model)))
            elif pattern != "*":
                for name in _known_under(up):
                    if name not in found and (routes := self._by_wildcard(name)):
                        found[name] = _route(routes[0])
        for alias in self._routing.aliases:
            if not alias.hidden:
                found[alias.name] = self.resolve(alias.name).routes[0]
        return sorted(found.items())

    def deployments(self) -> list[tuple[Deployment, bool]]:
        """Every deployment, and whether it may be asked now or is temporarily disabled."""
        now = self._clock()
        return [(up.deployment, up.is_available(now)) for up in self._upstreams]

    def choose(self, group: Group, tried: frozenset[str], *, alone: bool) -> Route:
        """A route that may be asked now, one that was not tried yet if there is one. Raises Cooling when there is none.

        alone: whether nothing stands in for the group. Then a cooldown of our own, which only steers calls to others,
        refuses nobody; that of a provider which asked to be left alone does.
        """
        now = self._clock()
        available = [route for route in group.routes if route.circuit.allows(now)]
        if not available and alone:
            available = [route for route in group.routes if not route.circuit.is_hinted(now)]
        if not available:
            raise _cooling(group, now)
        return self._pick([route for route in available if route.id not in tried] or available)

    def has_other(self, group: Group, tried: frozenset[str]) -> bool:
        """Whether a route that was not tried may be asked now."""
        now = self._clock()
        return any(route.id not in tried and route.circuit.allows(now) for route in group.routes)

    def is_available(self, group: Group) -> bool:
        """Whether any route may be asked now."""
        now = self._clock()
        return any(route.circuit.allows(now) for route in group.routes)

    def began(self, route: Route) -> Slot:
        """Note that a call goes to a route; its slot is given back with `route.circuit.ended`."""
        return route.circuit.began(self._clock())

    def failed(self, route: Route, slot: Slot, error: Error) -> None:
        """Note a failure; it may open the circuit."""
        allowed, cooldown = self._routing.allowed_fails, self._routing.cooldown_time
        before = route.circuit.cooldowns
        route.circuit.failed(slot, error, self._clock(), allowed=allowed, cooldown=cooldown)
        if route.circuit.cooldowns != before:
            metrics.count_cooldown(route.id)

    def _serving(self, name: str) -> list[_Served]:
        exact = [_served(up, up.deployment.model) for up in self._upstreams if up.deployment.name == name]
        return exact or self._by_wildcard(name) or self._by_native_name(name)

    def _by_wildcard(self, name: str) -> list[_Served]:
        return [_served(self._upstreams[number], model) for number, model in self._wildcards.find(name)]

    def _by_native_name(self, name: str) -> list[_Served]:
        provider, _, native_id = name.partition("/")
        return [
            _served(up, up.deployment.model)
            for up in self._upstreams
            if up.deployment.provider == provider
            and "*" not in up.deployment.model
            and _canonical(up, up.deployment.model) == _canonical(up, native_id)
        ]

    def _pick(self, routes: list[Route]) -> Route:
        if len(routes) == 1:
            return routes[0]
        match self._routing.strategy:
            case "least-busy":
                least = min(route.circuit.running for route in routes)
                return self._dice.choice([route for route in routes if route.circuit.running == least])
            case "latency-based-routing":
                # One that was never measured goes first, or it never would be.
                fastest = min(route.circuit.latency or 0.0 for route in routes)
                return self._dice.choice([route for route in routes if (route.circuit.latency or 0.0) == fastest])
        return self._dice.choices(routes, weights=_weights([route.upstream.deployment for route in routes]))[0]


def _served(upstream: Upstream, native_id: str) -> _Served:
    capabilities = upstream.provider.models.find(native_id)
    # It was named by an alias, or nothing is known of it.
    return upstream, capabilities.id or native_id, capabilities


def _route(served: _Served) -> Route:
    upstream, native_id, capabilities = served
    return Route(upstream, native_id, capabilities, upstream.circuit(native_id))


def _cooling(group: Group, now: float) -> Cooling:
    """The refusal of a group of which nothing may be asked. It quotes no failure: those were other callers'."""
    first = min(group.routes, key=lambda route: max(route.circuit.open_until, now)).circuit
    left = max(first.open_until - now, 0.1)
    why = "as the provider asked" if first.is_hinted(now) else "after repeated provider errors"
    return Cooling(
        f"{group.name} is temporarily disabled {why}; retry in {left:.1f} s",
        code=Code.RESOURCE_EXHAUSTED if first.limited else Code.UNAVAILABLE,
        retry_after=left,
    )


def _known_under(upstream: Upstream) -> Iterator[str]:
    """The names that the deployment's pattern stands for, as far as it is known."""
    pattern, asked = upstream.deployment.name, upstream.deployment.model
    if "*" not in asked:
        if pattern.count("*") == 1:
            yield name_patterns.filled(pattern, [asked])
        return
    for model in upstream.provider.models.models:
        parts = name_patterns.match(asked, model.id)
        if parts is not None and any(parts):
            yield name_patterns.filled(pattern, parts)


def _canonical(upstream: Upstream, native_id: str) -> str:
    """A model's id where it is named by an alias."""
    return upstream.provider.models.find(native_id).id or native_id


def _weights(deployments: list[Deployment]) -> list[float]:
    """Shares by weight, else rpm, else tpm, whichever any has; one without it counts as the smallest."""
    for given in ([d.weight for d in deployments], [d.rpm for d in deployments], [d.tpm for d in deployments]):
        known = [value for value in given if value is not None]
        if known and max(known) > 0:
            return [min(known) if value is None else value for value in given]
    return [1.0] * len(deployments)
