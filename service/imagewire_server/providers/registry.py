"""The providers that this server has, and what one must give to be among them.

A provider is a folder and one line in PACKAGES. Its module `registration` has its Registration as PROVIDER. To import
that module must load neither protobuf nor an HTTP or credentials library, because a file is checked with it: the
functions of the Registration import what calls the provider. If it has settings, they stand in a table in
docs/configuration.md or in a README.md of its folder. `make gen` adds its keys to the configuration's JSON schema.
"""

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from imagewire_server.config import load as config
from imagewire_server.config import show
from imagewire_server.config.models import rows_of
from imagewire_server.config.prices import priced
from imagewire_server.config.providers import ProviderConfig
from imagewire_server.config.source import ConfigError

if TYPE_CHECKING:
    from imagewire_server.config.deployments import Deployment
    from imagewire_server.config.load import Config
    from imagewire_server.config.models import Row
    from imagewire_server.config.settings import Settings
    from imagewire_server.contract import pb
    from imagewire_server.contract.provider import Capabilities, ModelTable, Provider
    from imagewire_server.formats.openai.chat.defaults import Defaults
    from imagewire_server.transport.http import HttpTransport

PACKAGES = (
    "imagewire_server.providers.google",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    """What the server's settings say to every provider.

    max_retry_after: the longest wait, in seconds, that a provider's hint is followed for. buckets, resources: what
    requests may name, None for anything.
    """

    max_retry_after: float
    buckets: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None


class Connector(Protocol):
    """Makes the providers of one folder for as long as the server runs, so that they can share credentials."""

    def provider(
        self, deployment: "Deployment", models: "ModelTable", settings: "Settings", policy: Policy
    ) -> "Provider":
        """The provider that speaks to a deployment. It may run in a thread, and may take its time."""
        ...

    async def reread(self, deployments: "Iterable[Deployment]") -> None:
        """Read the credentials of these deployments again, and forget all others.

        The new configuration is served already: where credentials cannot be read, log it and keep the old ones. An
        exception is logged without its text, and what takes over 30 seconds is cancelled.
        """
        ...


@dataclass(frozen=True, slots=True)
class Registration:
    """A provider's folder. Only `config` is used to read a configuration; the others import what they need when called.

    models: the models of one of its names, with what a configuration says of models. connect: once a server. check:
    raises InvalidRequest for what a model does not take. asked: what a deployment asks, given the environment; None if
    it cannot be told. leave_out: removes from a spec's extra_body, a deployment's default, what its other fields say.
    give_way: removes from a deployment's defaults what a request's extra_body says.
    """

    config: ProviderConfig
    models: "Callable[[str, Iterable[Row]], ModelTable]"
    connect: "Callable[[HttpTransport], Connector]"
    check: "Callable[[pb.Spec, Capabilities], None]" = lambda spec, capabilities: None
    asked: "Callable[[Deployment, Config, Mapping[str, str]], show.Asked | None]" = lambda *_: None
    leave_out: "Callable[[pb.Spec], None]" = lambda spec: None
    give_way: "Callable[[pb.Spec, pb.Struct], None]" = lambda defaults, extra: None

    @property
    def overlap(self) -> "tuple[Callable[[pb.Spec], None], Callable[[pb.Spec, pb.Struct], None]]":
        """What core.spec_defaults needs of it: leave_out and give_way."""
        return self.leave_out, self.give_way


@cache
def registered(packages: tuple[str, ...] = PACKAGES) -> tuple[Registration, ...]:
    """The registrations of these packages, in their order."""
    return tuple(importlib.import_module(f"{package}.registration").PROVIDER for package in packages)


def provider_configs(packages: tuple[str, ...] = PACKAGES) -> tuple[ProviderConfig, ...]:
    """What they tell the configuration."""
    return tuple(registration.config for registration in registered(packages))


def _of(deployment: "Deployment", packages: tuple[str, ...] = PACKAGES) -> Registration:
    return next(one for one in registered(packages) if deployment.provider in one.config.names)


def load(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    text: bytes | None = None,
    resolve: bool = True,
    **flags: Any,
) -> config.Config:
    """The configuration of a server with all of them; see config.load."""

    def check(deployment: "Deployment", made: config.Config) -> "Iterator[str]":
        registration = _of(deployment)
        if deployment.defaults:
            for name, why in defaults(
                deployment, registration, _models(deployment, registration, made)
            ).refused.items():
                if "safety" in name:  # without it, pictures would be drawn that it forbids
                    raise ConfigError(f"litellm_params.{name} of {deployment.name}: {why}; correct it, or remove it")
                yield f"litellm_params.{name} of {deployment.name} is not used: {why}"
        # The emulator of a demo asks for no credentials.
        asked = None if flags.get("demo") else registration.asked(deployment, made, environ)
        if asked and asked.needs:
            yield f"{deployment.name} needs {asked.needs}"
        if asked and asked.ignores:
            yield f"{deployment.name} ignores {asked.ignores}"

    return config.load(provider_configs(), path, environ, text=text, resolve=resolve, check=check, **flags)


def defaults(deployment: "Deployment", registration: Registration, models: "ModelTable") -> "Defaults":
    """A deployment's default fields, as far as its model takes them."""
    from imagewire_server.formats.openai.chat.defaults import read  # noqa: PLC0415  # loads protobuf; few need it

    known = models.find(deployment.model)
    return read(deployment.defaults, deployment.model, known, registration.check)


def _models(
    deployment: "Deployment",
    registration: Registration,
    made: config.Config,
    packages: tuple[str, ...] = PACKAGES,
) -> "ModelTable":
    names = [name for one in provider_configs(packages) for name in one.names]
    models = registration.models(deployment.provider, rows_of(deployment.provider, names, made.models))
    return priced(models, deployment.model, deployment.prices)


def table(made: config.Config, environ: Mapping[str, str], packages: tuple[str, ...] = PACKAGES) -> "Iterator[str]":
    """The lines that show a configuration."""

    def details(deployment: "Deployment") -> show.Details:
        registration = _of(deployment, packages)
        known = _models(deployment, registration, made, packages).find(deployment.model)
        if registration.config.talks(deployment.model):
            answers = "answers with text only"
        elif known.is_known:
            answers = "draws"
        elif "*" in deployment.model:
            answers = "draws, as far as the table of models tells"
        else:
            answers = "may draw: the table of models does not have it"
        asked = registration.asked(replace(deployment, model=known.id or deployment.model), made, environ)
        return show.Details(asked, f"{answers}; {show.price(known.price)}", used(deployment, registration))

    def used(deployment: "Deployment", registration: Registration) -> str:
        if not deployment.defaults:
            return ""
        models = _models(deployment, registration, made, packages)
        refused = defaults(deployment, registration, models).refused
        kept = {name: value for name, value in json.loads(deployment.defaults).items() if name not in refused}
        return json.dumps(kept) if kept else ""

    return show.table(made, details)
