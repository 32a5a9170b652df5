"""Reads which server a call of `completion` goes to: one that runs, or one inside this process. Sans-IO."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagewire._grpc import channel
from imagewire._grpc.channel import EMBEDDED, TARGET_VARIABLE, Metadata
from imagewire._grpc.retry import RETRIES
from imagewire.errors import InvalidRequest, invalid
from imagewire.litellm.once import once
from imagewire.litellm.options import CompletionOptions

# Arguments for a server inside this process, as the variables that it reads before all others, so that what the program
# has in its environment never takes their place. Other servers have a configuration.
_VARIABLES = {
    "vertex_project": "IMAGEWIRE_VERTEX_PROJECT",
    "vertex_location": "IMAGEWIRE_VERTEX_LOCATION",
    "vertex_credentials": "IMAGEWIRE_VERTEX_CREDENTIALS",
}
# Headers that each server reads: they name the call in its log. A server inside this process has no use for others.
_ANY_SERVERS = frozenset({"x-request-id", "traceparent"})


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    """The server of a call; calls with equal keys share a client. variables: of a server inside this process."""

    target: str
    api_key: str | None = field(repr=False)
    retries: int
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def connection_key(model: str, given: CompletionOptions) -> ConnectionKey:
    """The server of a call. Raises InvalidRequest for what it would not read."""
    target = _target(given.get("target"))
    key = given.get("api_key")
    retries = once("num_retries", given.get("num_retries"), {"max_retries": given.get("max_retries")}, "max_retries")
    retries = RETRIES if retries is None else retries
    if retries < 0:
        raise invalid("num_retries", "must be at least 0")
    base = once("api_base", given.get("api_base"), {"base_url": given.get("base_url")}, "base_url")
    project = once(
        "vertex_project",
        given.get("vertex_project"),
        {"vertex_ai_project": given.get("vertex_ai_project")},
        "vertex_ai_project",
    )
    location = once(
        "vertex_location",
        given.get("vertex_location"),
        {"vertex_ai_location": given.get("vertex_ai_location")},
        "vertex_ai_location",
    )
    own = {
        "api_base": base,
        "vertex_project": project,
        "vertex_location": location,
        "vertex_credentials": _credentials(given),
    }
    if target != EMBEDDED:
        if wrong := next((name for name, value in own.items() if value), None):
            raise invalid(wrong, f"is not for the server at {target}, which has its own: leave it out")
        return ConnectionKey(target, key, retries)
    vertex = model.startswith("vertex_ai/")
    if vertex and key:
        raise invalid(
            "api_key", "is Google AI Studio's; vertex_ai/ takes vertex_credentials or the application default ones"
        )
    variables = {variable: str(own[name]) for name, variable in _VARIABLES.items() if own[name]}
    if base:
        variables["IMAGEWIRE_VERTEX_API_BASE" if vertex else "IMAGEWIRE_GEMINI_API_BASE"] = base
    if key:
        variables["IMAGEWIRE_GEMINI_API_KEY"] = key
    return ConnectionKey(EMBEDDED, None, retries, tuple(sorted(variables.items())))


def _target(given: str | None) -> str:
    return given or os.environ.get(TARGET_VARIABLE) or EMBEDDED


def is_embedded(target: str | None) -> bool:
    """Whether a call goes to a server inside this process. target: the argument, None for none."""
    return _target(target) == EMBEDDED


def _credentials(given: CompletionOptions) -> str | None:
    """The credentials of Vertex AI as a file's name or as JSON."""
    name, alias = "vertex_credentials", "vertex_ai_credentials"
    return once(name, _json(given.get("vertex_credentials")), {alias: _json(given.get("vertex_ai_credentials"))}, alias)


def _json(credentials: str | Mapping[str, Any] | None) -> str | None:
    return json.dumps(dict(credentials)) if isinstance(credentials, Mapping) else credentials


def metadata(given: CompletionOptions, connection: ConnectionKey) -> Metadata:
    """The call's own gRPC metadata. Raises InvalidRequest for what gRPC cannot send, and for what nobody would read."""
    if "headers" not in given and "extra_headers" not in given:
        return ()
    made: dict[str, str] = {}
    for argument, headers in (("headers", given.get("headers")), ("extra_headers", given.get("extra_headers"))):
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        if "authorization" in lower:
            raise invalid(f"{argument}.authorization", "is sent by the client; use api_key")
        unread = sorted(lower.keys() - _ANY_SERVERS) if connection.target == EMBEDDED else []
        if unread:
            raise invalid(
                f"{argument}.{unread[0]}",
                "does not reach Google; put it into a server's file as extra_headers and pass target=, or leave it out",
            )
        try:
            channel.own_metadata(lower.items())
        except InvalidRequest as error:
            raise invalid(argument, error.message.partition(" ")[2]) from None
        made.update(lower)
    return tuple(made.items())
