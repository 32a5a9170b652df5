"""The keys that callers must send. If the configuration asks for an unsupported authentication, the start fails."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from imagewire_server.config import litellm
from imagewire_server.config.notices import Notices
from imagewire_server.config.settings import ENV_PREFIX, OWN_KEY, Settings, sendable
from imagewire_server.config.source import ConfigError, Key, Node, nearest
from imagewire_server.config.transport_security import is_local

if TYPE_CHECKING:
    from imagewire_server.config.load import Config

_LITELLM_KEY = "LITELLM_MASTER_KEY"
# The variables that may hold the key.
VARIABLES = (OWN_KEY, _LITELLM_KEY)
# What is named so may be meant to keep strangers out.
_SECRET = re.compile(r"(?:^|_)(?:keys?|auth|passwords?|secrets?|token)(?:_|$)")
_REMEDY = f"remove it, and set general_settings.master_key or {OWN_KEY}"


def master_key(
    sections: Mapping[str, tuple[Key, Node]],
    environ: Mapping[str, str],
    notices: Notices,
    *,
    may_be_unset: bool = False,
) -> str:
    """The master key, "" for none. Our variable overrides the file, and the file overrides LiteLLM's variable.

    sections: those of the file, by name. may_be_unset: whether callers need no key if the file's variable is not set.
    Raises ConfigError.
    """
    _misspelt(environ)
    general = sections["general_settings"][1] if "general_settings" in sections else None
    key = _from_general(general, notices, may_be_unset=may_be_unset) if general else ""
    asking = {"master_key", *litellm.names("authentication")}
    for name, (_, section) in sections.items():
        if name != "general_settings" and section.is_mapping:
            for inner, _ in section.pairs(name):
                if inner.text in asking:
                    raise inner.error(f"{inner.text} belongs under general_settings, not under {name}")
    weak = {**_given(environ, _LITELLM_KEY), **_from_file_environment(sections)}
    key = _given(environ, OWN_KEY).get(OWN_KEY) or key or weak.get(OWN_KEY) or weak.get(_LITELLM_KEY) or ""
    if not key:
        for where, name in _elsewhere(sections):
            raise where.error(f"{name} may contain a master key, but this server does not read it: {_REMEDY}")
    return key


def check_kept(before: "Config", after: "Config") -> None:
    """Raise ConfigError if a reload would remove a key of the server."""
    if (before.asks_for_key and not after.asks_for_key) or (
        before.settings.metrics_key and not after.settings.metrics_key
    ):
        raise ConfigError(
            "the master key or metrics_key is gone, so callers would need no key: restart if this is intended"
        )


def exposed(given: Settings, *, asks_for_key: bool) -> tuple[str, ...]:
    """A warning for each address at which other machines can draw without a key or a client certificate."""
    guarded = asks_for_key or given.tls_client_ca
    beyond = [address for address in (given.grpc, given.rest) if not guarded and not is_local(address)]
    remedy = f"set {OWN_KEY}, or serve on 127.0.0.1"
    return tuple(f"anyone who can reach {address} can spend this server's money: {remedy}" for address in beyond)


def is_closed(given: Settings) -> bool:
    """Whether only programs on this machine can reach the server."""
    return is_local(given.grpc) and is_local(given.rest)


def _from_general(section: Node, notices: Notices, *, may_be_unset: bool) -> str:
    key = ""
    asking = ("master_key", *litellm.names("authentication"))
    for name, value in section.pairs("general_settings"):
        if name.text == "master_key":
            if value.is_null:
                raise value.error(
                    "general_settings.master_key is empty: set a key, or remove the line if callers need none"
                )
            if may_be_unset and value.is_unset:
                notices.add(f"{value.where}: {value.reference} is not set, so callers of the demo need no key")
                continue
            if isinstance(value.plain(), bool):
                raise value.error(
                    "master_key must be text that is hard to guess; if this value is intended, put it in quotes"
                )
            key = _checked(value.text("master_key"), f"{value.where}: master_key")
        elif value.is_null:
            continue
        elif name.text in litellm.names("authentication"):
            if value.plain() or isinstance(value.plain(), list):  # an empty list of LiteLLM's allows nobody
                raise name.error(f"{name.text} asks for authentication that this server does not have: {_REMEDY}")
        elif not litellm.has("general_settings", name.text) and nearest(name.text, asking, cutoff=0.8):
            # If it is misspelled, callers would need no key.
            raise name.unknown(asking, "general_settings")
        elif not litellm.has("general_settings", name.text) and _SECRET.search(name.text.lower()):
            raise name.error(
                f"unknown key {name.text!r} in general_settings: if callers are to send a key, set master_key; else"
                " remove it"
            )
        else:
            notices.other(name, value, "general_settings", ("master_key",))
    return key


def _elsewhere(sections: Mapping[str, tuple[Key, Node]]) -> Iterator[tuple[Node, str]]:
    """Which setting of LiteLLM refers to another place that may contain a master key."""
    if "include" in sections:
        yield sections["include"][0], "a file under include"
    if "general_settings" in sections:
        for key, value in sections["general_settings"][1].pairs("general_settings"):
            if key.text in litellm.names("key_stores") and value.plain():
                yield key, key.text


def _from_file_environment(sections: Mapping[str, tuple[Key, Node]]) -> dict[str, str]:
    """The keys in `environment_variables`, which LiteLLM adds to its environment."""
    if "environment_variables" not in sections:
        return {}
    found = {}
    for key, value in sections["environment_variables"][1].pairs("environment_variables"):
        if key.text in {OWN_KEY, _LITELLM_KEY}:
            found[key.text] = _checked(value.text(key.text), f"{value.where}: {key.text}")
        elif key.text.upper().startswith(ENV_PREFIX):
            raise key.error(
                f"{key.text} has no effect here; of this server's variables, only {OWN_KEY} may be set here"
            )
        elif words := _nearly(key.text):
            raise key.error(words)
    return found


def _given(environ: Mapping[str, str], name: str) -> dict[str, str]:
    return {name: _checked(environ[name], name)} if name in environ else {}


def _checked(key: str, where: str) -> str:
    if words := sendable(key) if key else "is empty: set it to a key, or unset it if callers need none":
        raise ConfigError(f"{where} {words}")
    return key


def _misspelt(environ: Mapping[str, str]) -> None:
    """Check for misspelled names. LiteLLM has many variables, so only names similar to the key's are reported."""
    for name in environ:
        if words := _nearly(name):
            raise ConfigError(words)


def _nearly(name: str) -> str:
    """The error for a name that is similar to the key's, "" for any other."""
    large = name.upper()
    if name == _LITELLM_KEY or not (
        large.startswith(_LITELLM_KEY) or difflib.get_close_matches(large, [_LITELLM_KEY], cutoff=0.92)
    ):
        return ""
    return f"{name}: unknown variable; did you mean {_LITELLM_KEY!r}?"
