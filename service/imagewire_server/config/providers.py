"""What a provider declares for the configuration: its names, its settings, and how its deployments are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from imagewire_server.config.source import Node

if TYPE_CHECKING:
    from imagewire_server.config.deployments import Deployment
    from imagewire_server.config.settings import Settings


class Options(Protocol):
    """A provider's own options of a deployment: frozen, hashable, and comparable."""

    @property
    def where(self) -> str:
        """Its address, for people, without a password. Empty for the provider's default."""
        ...


class Param(NamedTuple):
    """A provider's key under litellm_params. read: returns its value; raises ConfigError. schema: its JSON schema."""

    read: Callable[[Node], Any]
    schema: Mapping[str, Any]


class SetUp(NamedTuple):
    """A way to configure a provider with one variable. serves: what it then serves. needs: what else is required."""

    variable: str
    serves: str
    needs: str


# Arguments: the provider's name, the model, the provider's own keys, the settings, and the node for errors.
ReadOptions = Callable[[str, str, Mapping[str, Any], "Settings", Node], Options]


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider, or several that share a folder.

    names: the prefixes of its model names. example: a model, for errors. options: creates the Options of a deployment
    from its own keys and the settings; raises ConfigError. params: these keys under litellm_params. settings: a frozen
    dataclass with a default for every field; each field is a key under `imagewire:` and an IMAGEWIRE_ variable.
    variables: variables of other tools, with the setting that each sets. default: the deployments without a file.
    set_up: how to configure it without a file.
    """

    names: tuple[str, ...]
    example: str
    options: ReadOptions
    params: Mapping[str, Param] = field(default_factory=dict)
    settings: type[Any] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    default: "Callable[[Settings], tuple[Deployment, ...]]" = lambda settings: ()
    set_up: tuple[SetUp, ...] = ()
