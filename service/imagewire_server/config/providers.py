"""What a provider tells the configuration of itself: its names, its settings, and how its deployments are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from imagewire_server.config.source import Node

if TYPE_CHECKING:
    from imagewire_server.config.deployments import Deployment
    from imagewire_server.config.settings import Settings


class Options(Protocol):
    """What a provider makes of a deployment's own keys: frozen and hashable, equal where two say the same."""

    @property
    def where(self) -> str:
        """Where it is asked, for people to read: no password is in it. Empty for the provider's usual place."""
        ...


class Param(NamedTuple):
    """A key of a provider's under litellm_params. read: its value, or a ConfigError. schema: its JSON schema."""

    read: Callable[[Node], Any]
    schema: Mapping[str, Any]


class SetUp(NamedTuple):
    """A way to set a provider up by one variable. serves: what it then serves; needs: what stands beside it."""

    variable: str
    serves: str
    needs: str


# Takes the provider's name, the model, the provider's own keys, the settings, and the node for errors.
ReadOptions = Callable[[str, str, Mapping[str, Any], "Settings", Node], Options]


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider, or several that share a folder.

    names: the words in front of a model's name. example: a model, for errors. options: a deployment's Options, of its
    own keys that were given and of the settings; raises ConfigError. params: those keys under litellm_params. headers:
    what it sends itself beside HTTP's usual ones. settings: a frozen dataclass with a default for every field; each is
    a key under `imagewire:` and an IMAGEWIRE_ variable. variables: other tools' variables, with the setting that each
    sets. default: the deployments that the settings alone make. set_up: how to set it up without a file.
    """

    names: tuple[str, ...]
    example: str
    options: ReadOptions
    params: Mapping[str, Param] = field(default_factory=dict)
    headers: frozenset[str] = frozenset()
    settings: type[Any] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    default: "Callable[[Settings], tuple[Deployment, ...]]" = lambda settings: ()
    set_up: tuple[SetUp, ...] = ()
