"""The whole configuration: file, environment and flags in, one frozen Config out, or a ConfigError."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from imagewire_server.config import deployments, keys, models, routing, settings
from imagewire_server.config.deployments import Deployment
from imagewire_server.config.litellm import unserved
from imagewire_server.config.models import Row
from imagewire_server.config.routing import Routing
from imagewire_server.config.settings import Settings
from imagewire_server.config.source import ConfigError, Key, Node, content, parsed

__all__ = ["NO_KEY", "Config", "ConfigError", "load"]

SECTIONS = ("model_list", "litellm_settings", "router_settings", "general_settings", "imagewire")

NO_KEY = """no provider is set up. Do one of these:
  export GEMINI_API_KEY=...            serve Google's models (a key: https://aistudio.google.com/apikey)
  export VERTEXAI_PROJECT=...          serve Vertex AI's, with the application default credentials
  imagewire-server serve --config F    serve what F lists under model_list, as in LiteLLM's config.yaml
  imagewire-server serve --demo        serve the built-in emulator's pictures, without a key"""

# Later ones count.
_ROUTING = ("litellm_settings", "router_settings")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the server is told. models: what it is told of models, beside what their providers know. master_key:
    what callers must show, empty for none. unserved: keys that are LiteLLM's and that this server does not serve, each
    once.
    """

    settings: Settings = field(default_factory=Settings)
    deployments: tuple[Deployment, ...] = ()
    routing: Routing = field(default_factory=Routing)
    models: tuple[Row, ...] = ()
    master_key: str = field(default="", repr=False)
    unserved: tuple[str, ...] = ()


def load(path: Path | None, environ: Mapping[str, str], *, text: bytes | None = None, **flags: Any) -> Config:
    """The configuration. Of a setting, a later source counts: default, file, environment, flag (None: not given).

    text: what the file holds, where it was read already.
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
    weak, strong = settings.from_environment(environ)
    given = {**weak, **(settings.from_file(own) if own else {}), **strong}
    for name, flag in flags.items():
        if flag is not None:
            given[name] = settings.checked(name, str(flag), f"--{name.replace('_', '-')}")
    made = Settings(**given)
    if made.metrics_key and made.metrics != "key":
        raise ConfigError(f"metrics_key asks for a key, and metrics: {made.metrics} for none; keep one of the two")

    def warn(name: str) -> None:
        noticed[name] = None

    found = deployments.read(sections["model_list"], made, warn) if "model_list" in sections else _default(made)
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


def _default(given: Settings) -> tuple[Deployment, ...]:
    """What the environment alone offers: every model of the providers that it has credentials for."""
    found = []
    if given.gemini_api_key:
        found.append(Deployment("gemini", "gemini/*", "gemini", "*", api_key=given.gemini_api_key))
    if given.vertex_project:
        found.append(
            Deployment(
                "vertex_ai",
                "vertex_ai/*",
                "vertex_ai",
                "*",
                project=given.vertex_project,
                location=given.vertex_location,
            )
        )
    # A bare id goes to the first provider there is.
    return (*found, replace(found[0], id=f"{found[0].id}:bare", name="*")) if found else ()


def _distinct(found: tuple[Deployment, ...], path: Path | None) -> None:
    ids = [deployment.id for deployment in found]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{path}: two deployments have the id {twice!r}; give each model_info an id of its own")
