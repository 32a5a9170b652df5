"""LiteLLM's `credential_list`: keys under a name, which deployments take by `litellm_credential_name`."""

from collections.abc import Mapping

from imagewire_server.config.notices import Notices
from imagewire_server.config.source import Node

# The key of a deployment that names a credential.
NAME = "litellm_credential_name"
_KEYS = ("credential_name", "credential_values", "credential_info")


def read(section: Node) -> dict[str, Node]:
    """The values of each credential by its name. Raises ConfigError."""
    found: dict[str, Node] = {}
    for entry in section.items("credential_list"):
        for key, _ in entry.pairs("an entry of credential_list"):
            if key.text not in _KEYS:
                raise key.unknown(_KEYS, "credential_list")
        name, values = entry.at(_KEYS[0]), entry.at(_KEYS[1])
        if name is not None and values is not None:
            found.setdefault(name.text(_KEYS[0]), values)
    return found


def taken(params: Node, credentials: Mapping[str, Node], notices: Notices) -> Node:
    """The keys of a deployment with those of the credential that it names; its own come first, as in LiteLLM."""
    named = params.at(NAME)
    if named is None:
        return params
    values = credentials.get(named.text(NAME))
    if values is None:
        notices.add(f"{named.where}: {NAME} {named.text(NAME)!r} is not in credential_list; it has no effect")
        return params
    return params.completed_by(values)
