"""Reads the values of settings, from the file and from environment variables, and remembers where each is from."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from imagewire_server.config.settings import ENV_PREFIX, OWN_KEY, RENAMED, SECTIONS, Fields
from imagewire_server.config.shown_url import without_password
from imagewire_server.config.source import FLAGS, FROM_ENV, ConfigError, Node, nearest

if TYPE_CHECKING:
    import dataclasses

# Variables of the client and its command.
_CLIENTS = frozenset({"IMAGEWIRE_API_KEY", "IMAGEWIRE_MODEL", "IMAGEWIRE_TARGET"})
# Variables that Kubernetes sets for a service with the name imagewire, or imagewire-something.
_KUBERNETES = re.compile(r"IMAGEWIRE_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")


class Given(NamedTuple):
    """The value of a setting. source: where it is from."""

    value: Any
    source: str


def from_file(section: Node, known: Fields) -> dict[str, Given]:
    """Read the settings under `imagewire:`. known: all that exist. Raises ConfigError."""
    given = {}
    for key, value in section.pairs("imagewire"):
        if key.text in SECTIONS or value.is_unresolved:
            continue
        name = RENAMED.get(key.text, key.text)
        if name not in known:
            raise key.unknown((*known, *SECTIONS), "imagewire")
        if name in given:
            raise key.error(f"{key.text} and {name} are one setting, which is here twice: leave one of them out")
        source = FROM_ENV + value.reference if value.reference else f"imagewire.{key.text}"
        given[name] = Given(checked(known[name], value.text(key.text), value.where), source)
    return given


def from_variables(environ: Mapping[str, str], known: Fields, others: Mapping[str, str]) -> dict[str, Given]:
    """Read settings from variables of other tools, which a file overrides. others: the setting of each."""
    return {
        name: Given(checked(known[name], environ[other], other), other)
        for other, name in others.items()
        if environ.get(other)
    }


def from_environment(environ: Mapping[str, str], known: Fields) -> dict[str, Given]:
    """Read settings from IMAGEWIRE_ variables. known: all settings. Raises ConfigError, also for an unknown one."""
    found = {}
    for variable, value in environ.items():
        if not variable.upper().startswith(ENV_PREFIX):
            continue
        name = variable.removeprefix(ENV_PREFIX).lower()
        name = RENAMED.get(name, name)
        if variable.startswith(ENV_PREFIX) and name in known:
            found[name] = Given(checked(known[name], value, variable), variable)
        elif variable not in {OWN_KEY, *_CLIENTS} and not _is_kubernetes(variable, value):
            variables = [OWN_KEY, *_CLIENTS, *(ENV_PREFIX + field.upper() for field in known)]
            close = nearest(variable.upper(), variables) or "; unset it"
            raise ConfigError(f"{variable}: unknown variable{close}")
    return found


def _is_kubernetes(variable: str, value: str) -> bool:
    # IMAGEWIRE_PORT may be meant for us, unless it has the value that Kubernetes sets.
    linked = variable.startswith(ENV_PREFIX) and variable.endswith("_PORT") and "://" in value
    return linked or _KUBERNETES.fullmatch(variable) is not None


def checked(of: "dataclasses.Field[Any]", value: str, where: str) -> Any:
    """Convert a value to the type of its field, and check it. Raises ConfigError."""
    kind: type[str] | type[int] | type[float] | type[bool] = type(of.default)  # type: ignore[assignment]  # none is missing
    try:
        typed = FLAGS[value.lower()] if kind is bool else kind(value)
    except (ValueError, KeyError):
        words = {int: "a whole number", bool: "true or false"}.get(kind, "a number")
        raise ConfigError(f"{where}: {of.name} must be {words}, not {value!r}") from None
    check = of.metadata.get("check")
    if check and (words := check(typed)):
        shown = f", not {without_password(value)!r}" if of.repr else ""
        raise ConfigError(f"{where}: {of.name} {words}{shown}")
    return typed
