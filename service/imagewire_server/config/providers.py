"""What a provider declares for the configuration: its names, its settings, and how its deployments are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
    """A provider's key under litellm_params. read: returns its value; raises ConfigError. schema: its JSON schema.

    is_secret: whether a variable that it refers to must be set. For other keys, such a variable means not given.
    """

    read: Callable[[Node], Any]
    schema: Mapping[str, Any]
    is_secret: bool = False


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
    variables: variables of other tools, with the setting that each sets; of two that are set, the later one is used.
    default: the deployments without a file. set_up: how to configure it without a file.

    For LiteLLM's files: aliases: other prefixes, with the name that each stands for. claims: the name that serves a
    model without a prefix, "" for none. declines: why a model is not served, as the words after "2 models", "" if it
    is. ignores: those of the given own keys that a deployment of the provider does not take, each with the
    reason, "" if there is nothing to say. talks: whether a model answers with text only. file_variables: variables
    that the provider's library reads from the process's environment; under `environment_variables`, they set a
    setting. stand_in: the model in place of one that an unset variable names, "" to skip that.
    """

    names: tuple[str, ...]
    example: str
    options: ReadOptions
    params: Mapping[str, Param] = field(default_factory=dict)
    settings: type[Any] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    default: "Callable[[Settings], tuple[Deployment, ...]]" = lambda settings: ()
    set_up: tuple[SetUp, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    claims: Callable[[str], str] = lambda model: ""
    declines: Callable[[str, str], str] = lambda provider, model: ""
    ignores: Callable[[str, Mapping[str, Any]], Mapping[str, str]] = lambda provider, own: {}
    talks: Callable[[str], bool] = lambda model: False
    file_variables: Mapping[str, str] = field(default_factory=dict)
    stand_in: str = ""

    def for_demo(self) -> "ProviderConfig":
        """The same for the emulator, which only has models that draw."""

        def declines(provider: str, model: str) -> str:
            talks = "that only talks, which the demo does not have"
            return self.declines(provider, model) or (talks if self.talks(model) else "")

        return replace(self, declines=declines, stand_in=self.example)
