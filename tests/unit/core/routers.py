"""A router for tests, with providers that nobody asks, a clock that a test moves, and failures."""

import random
from typing import Any, NamedTuple

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.routing import Routing
from imagewire_server.contract.errors import (
    Code,
    Error,
    Refused,
)
from imagewire_server.contract.provider import ModelTable
from imagewire_server.core.router import Route, Router, Upstream
from imagewire_server.providers.google.capabilities import models
from tests.deployments import google


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Unasked(NamedTuple):
    """A provider that nobody asks."""

    models: ModelTable


def deployment(name: str, model: str = "gemini/m", **rest: Any) -> Deployment:
    provider, _, native = model.partition("/")
    return google(rest.pop("id", f"{name}:{model}"), name, provider, native, **rest)


def router(*deployments: Deployment, clock: Clock | None = None, **routing: Any) -> Router:
    upstreams = [Upstream(made, Unasked(models(made.provider))) for made in deployments]  # type: ignore[arg-type]
    return Router(upstreams, Routing(**routing), clock=clock or Clock(), dice=random.Random(1))


def fail(made: Router, route: Route, error: Error) -> None:
    """One call that fails."""
    slot = made.began(route)
    made.failed(route, slot, error)
    route.circuit.ended(slot)


def limited(seconds: float) -> Refused:
    return Refused(
        "slow down, you who asked for a private prompt",
        code=Code.RESOURCE_EXHAUSTED,
        reason="UPSTREAM_RATE_LIMITED",
        repeatable=True,
        deployment_fault=True,
        retry_after=seconds,
    )
