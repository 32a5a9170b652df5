"""Reads the whole configuration, from file, environment and flags, into one frozen Config. Raises ConfigError."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from imagewire_server.config import deployments, keys, models, routing, settings
from imagewire_server.config.deployments import Deployment
from imagewire_server.config.litellm import unserved
from imagewire_server.config.models import Row
from imagewire_server.config.providers import ProviderConfig
from imagewire_server.config.routing import Routing
from imagewire_server.config.settings import Settings
from imagewire_server.config.source import STAND_IN, ConfigError, Key, Node, content, parsed

__all__ = ["Config", "ConfigError", "load"]

SECTIONS = ("model_list", "litellm_settings", "router_settings", "general_settings", "imagewire")

# Later ones override earlier ones.
_ROUTING = ("litellm_settings", "router_settings")


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. models: rows that the file adds to the providers' tables. master_key: the key that
    callers must send, empty for none. unserved: LiteLLM's keys in the file that are not supported, each once.
    """

    settings: Settings = field(default_factory=Settings)
    deployments: tuple[Deployment, ...] = ()
    routing: Routing = field(default_factory=Routing)
    models: tuple[Row, ...] = ()
    master_key: str = field(default="", repr=False)
    unserved: tuple[str, ...] = ()


def load(
    providers: Sequence[ProviderConfig],
    path: Path | None,
    environ: Mapping[str, str],
    *,
    text: bytes | None = None,
    demo: bool = False,
    **flags: Any,
) -> Config:
    """Read the configuration. Later sources override earlier ones: default, file, environment, flag (None: absent).

    providers: the available ones. text: the content of the file, if it was already read. demo: whether model_list is
    read for the emulator, so that no variable needs to be set for it, nor a key of a provider.
    """
    noticed: dict[str, None] = {}
    titled: dict[str, tuple[Key, Node]] = {}
    top = parsed(content(path) if text is None else text, path, environ) if path else None
    for key, value in top.pairs("the file") if top else ():
        if key.text in unserved("sections"):
            noticed[key.text] = None
        elif key.text not in SECTIONS:
            raise key.unknown(SECTIONS, "the file")
        titled[key.text] = key, value
    sections = {name: section for name, (_, section) in titled.items()}
    own = sections.get("imagewire")
    known = settings.fields(providers)
    others = {variable: name for provider in providers for variable, name in provider.variables.items()}
    stand_ins = {one.variable: STAND_IN for provider in providers for one in provider.set_up} if demo else {}
    set_up = stand_ins | {name: value for name, value in environ.items() if value or name not in stand_ins}
    weak, strong = settings.from_environment(set_up, known, others)
    given = {**weak, **(settings.from_file(own, known) if own else {}), **strong}
    for name, flag in flags.items():
        if flag is not None:
            given[name] = settings.checked(known[name], str(flag), f"--{name.replace('_', '-')}")
    made = settings.made(given, providers)
    if made.metrics_key and made.metrics != "key":
        raise ConfigError(f"metrics_key requires a key, but metrics: {made.metrics} does not; keep one of the two")

    def warn(name: str) -> None:
        noticed[name] = None

    if "model_list" in sections:
        model_list = sections["model_list"].with_stand_ins() if demo else sections["model_list"]
        found = deployments.read(model_list, providers, made, warn)
    else:
        found = _default(made, providers)
    _distinct(found, path)
    names = frozenset(deployment.name for deployment in found)
    return Config(
        settings=made,
        deployments=found,
        routing=routing.read(
            [(name, sections[name]) for name in ("litellm_settings", "router_settings") if name in sections],
            names,
            warn,
        ),
        models=models.read(own),
        master_key=keys.master_key(titled, environ, warn),
        unserved=tuple(noticed),
    )


def _default(given: Settings, providers: Sequence[ProviderConfig]) -> tuple[Deployment, ...]:
    """The deployments without a file: all models of the providers that have credentials in the environment."""
    found = tuple(deployment for provider in providers for deployment in provider.default(given))
    # A model id without a provider uses the first one.
    return (*found, replace(found[0], id=f"{found[0].id}:bare", name="*")) if found else ()


def _distinct(found: tuple[Deployment, ...], path: Path | None) -> None:
    ids = [deployment.id for deployment in found]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{path}: two deployments have the id {twice!r}; give each model_info its own id")
