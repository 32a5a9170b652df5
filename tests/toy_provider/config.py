"""The toy's settings and the keys of its deployments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.providers import Param, ProviderConfig, SetUp
from imagewire_server.config.settings import Settings, secret, setting, url
from imagewire_server.config.source import Node


@dataclass(frozen=True, slots=True)
class ToySettings:
    """The toy's own, under `imagewire:`."""

    toy_url: str = setting("http://127.0.0.1:1", url)
    toy_token: str = secret()


@dataclass(frozen=True, slots=True)
class ToyOptions:
    """A deployment's own keys."""

    token: str = field(repr=False)
    palette: str = "grey"

    @property
    def where(self) -> str:
        """Nowhere in particular."""
        return ""


def _options(provider: str, model: str, given: Mapping[str, Any], settings: Settings, params: Node) -> ToyOptions:
    token = given.get("toy_token") or settings.of(ToySettings).toy_token
    if not token:
        raise params.error("toy_token is missing; add it, or set TOY_TOKEN")
    return ToyOptions(token, given.get("toy_palette", "grey"))


def _default(settings: Settings) -> tuple[Deployment, ...]:
    token = settings.of(ToySettings).toy_token
    return (Deployment("toy", "toy/*", "toy", "*", ToyOptions(token)),) if token else ()


CONFIG = ProviderConfig(
    names=("toy",),
    example="easel-1",
    options=_options,
    params={
        "toy_token": Param(lambda node: node.text("toy_token"), {"type": "string"}),
        "toy_palette": Param(lambda node: node.choice("toy_palette", ("grey", "warm")), {"enum": ["grey", "warm"]}),
    },
    settings=ToySettings,
    variables={"TOY_TOKEN": "toy_token"},
    default=_default,
    set_up=(SetUp("TOY_TOKEN", "the toy's pictures", "of the toy"),),
)
