"""Reads LiteLLM's arguments: the Spec, and its server. What cannot be honoured is refused before it is sent."""

import base64
import binascii
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict, TypeVar

from imagewire._grpc.channel import EMBEDDED, TARGET_VARIABLE
from imagewire._grpc.retry import RETRIES
from imagewire.errors import invalid
from imagewire.json_struct import struct
from imagewire.litellm.messages import Messages, read_messages
from imagewire.litellm.search_tool import search_tools
from imagewire.options import Options, build_spec
from imagewire.type_check import mismatch
from imagewire.v1.spec_pb2 import SafetySetting, Spec

_T = TypeVar("_T")

# Arguments for a server inside this process, as the variables that it reads. Other servers have a configuration.
_VARIABLES = {"vertex_project": "VERTEXAI_PROJECT", "vertex_location": "VERTEXAI_LOCATION"}
# OpenAI's words for Google's; the others are the same.
_TIERS = {"auto": "", "default": "standard"}


class CompletionOptions(TypedDict, total=False):
    """What `completion` takes beside `model`, `messages` and `stream`, with LiteLLM's names and meanings.

    Attributes:
        target: The server, as `Client` takes it. Default: IMAGEWIRE_TARGET, else a server inside this process.
        api_key: The server's key; for a server inside this process, the key of Google AI Studio. Default:
            IMAGEWIRE_API_KEY; inside this process GEMINI_API_KEY.
        api_base: The provider's base URL. This and the next three are for a server inside this process alone; each set
            of them has a server of its own.
        base_url: The same.
        vertex_project: The project of Vertex AI.
        vertex_location: The location of Vertex AI.
        timeout: Seconds for the call. Default: 600.
        num_retries: How often a call is repeated at most that cannot have been charged. Default: 2.
        stream_options: {"include_usage": True} for one more chunk with the usage.
        modalities: What the model may answer with: "text", "image" or both.
        image_config: {"aspect_ratio": "16:9", "image_size": "2K"}, in place of the next two.
        aspect_ratio: Width to height, such as "16:9".
        image_size: "512", "1K", "2K" or "4K".
        temperature: How random the answer is, from 0 to 2.
        top_p: Nucleus sampling, from 0 to 1.
        top_k: How many of the likeliest tokens are considered.
        n: 1; a call draws one answer.
        max_tokens: The most tokens of the answer.
        max_completion_tokens: The same.
        stop: Up to five texts at which the model stops.
        seed: A whole number of 32 bits.
        presence_penalty: Discourages tokens that occurred, from -2 to below 2.
        frequency_penalty: Discourages tokens by how often they occurred, from -2 to below 2.
        reasoning_effort: "none", or a level that the model takes, such as "low" or "high".
        tools: Google Search alone: [{"google_search": {}}], with its options inside.
        safety_settings: Google's: [{"category": …, "threshold": …}].
        user: A label "user" for Vertex AI's bills.
        metadata: Labels for Vertex AI's bills.
        extra_body: Fields of Google's own request, as a JSON object.
        service_tier: "flex", "priority", or "default" for Google's standard.
        output_config: {"uri_prefix": "gs://bucket/folder/"}: Vertex AI writes pictures there and does not send them.
        continuation_token: Of an answer's `provider_specific_fields`, whose rest is asked for.

    Examples:
        >>> say = [{"role": "user", "content": "A banana"}]
        >>> options = {"aspect_ratio": "16:9", "timeout": 120}
        >>> answer = imagewire.completion("gemini/gemini-2.5-flash-image", say, **options)
    """

    target: str | None
    api_key: str | None
    api_base: str | None
    base_url: str | None
    vertex_project: str | None
    vertex_location: str | None
    timeout: float | None
    num_retries: int | None
    stream_options: Mapping[str, bool] | None
    modalities: Iterable[Literal["text", "image"]] | None
    image_config: Mapping[str, str] | None
    aspect_ratio: str | None
    image_size: str | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    n: int | None
    max_tokens: int | None
    max_completion_tokens: int | None
    stop: str | Iterable[str] | None
    seed: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    reasoning_effort: str | None
    tools: Iterable[Mapping[str, Any]] | None
    safety_settings: Iterable[Mapping[str, str]] | None
    user: str | None
    metadata: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None
    service_tier: str | None
    output_config: Mapping[str, str] | None
    continuation_token: str | None


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    """The server of a call; calls with equal keys share a client. variables: of a server inside this process."""

    target: str
    api_key: str | None = field(repr=False)
    retries: int
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What `completion` is to do. timeout: seconds, None for the client's own."""

    connection: ConnectionKey
    spec: Spec
    timeout: float | None
    include_usage: bool


def read(model: str, messages: Messages, options: CompletionOptions) -> CompletionRequest:
    """Read the arguments. Raises InvalidRequest, which names the wrong one, and what `build_spec` raises."""
    unknown = sorted(set(options) - set(CompletionOptions.__annotations__))
    if unknown:
        raise invalid(
            unknown[0], f"is not an argument of completion; it takes {', '.join(CompletionOptions.__annotations__)}"
        )
    for name, value in options.items():
        if value is not None and (wrong := mismatch(value, CompletionOptions.__annotations__[name])):
            raise invalid(name, wrong)
    if mismatch(model, str) or not model:
        raise invalid("model", 'is missing; name one such as "gemini/gemini-2.5-flash-image"')
    spec = build_spec(model, messages=read_messages(messages), **_options(options))
    stream_options = dict(options.get("stream_options") or {})
    include_usage = stream_options.pop("include_usage", False)
    if stream_options:
        raise invalid(f"stream_options.{min(stream_options)}", "is not supported; include_usage is")
    return CompletionRequest(_connection_key(model, options), spec, options.get("timeout"), include_usage)


def _options(given: CompletionOptions) -> Options:
    if given.get("n") not in {None, 1}:
        raise invalid("n", "must be 1: a call draws one answer; call again for another")
    config = dict(given.get("image_config") or {})
    ratio = _once("aspect_ratio", given.get("aspect_ratio"), config, "aspect_ratio", "aspectRatio")
    size = _once("image_size", given.get("image_size"), config, "image_size", "imageSize")
    if config:
        raise invalid(f"image_config.{min(config)}", "is not supported; aspect_ratio and image_size are")
    tokens = {"max_completion_tokens": given.get("max_completion_tokens")}
    effort = given.get("reasoning_effort")
    labels = dict(given.get("metadata") or {})
    if user := _once("user", given.get("user"), labels, "user"):
        labels["user"] = user
    tier = given.get("service_tier") or ""
    return Options(
        aspect_ratio=ratio or "",
        image_size=size or "",
        temperature=given.get("temperature"),
        top_p=given.get("top_p"),
        top_k=given.get("top_k"),
        max_output_tokens=_once("max_tokens", given.get("max_tokens"), tokens, "max_completion_tokens"),
        seed=given.get("seed"),
        presence_penalty=given.get("presence_penalty"),
        frequency_penalty=given.get("frequency_penalty"),
        thinking_budget=0 if effort == "none" else None,
        thinking_level="" if effort in {None, "none"} else str(effort).upper(),
        stop=given.get("stop") or (),
        modalities=given.get("modalities") or (),
        tools=search_tools(given.get("tools") or ()),
        safety_settings=_safety_settings(given.get("safety_settings") or ()),
        labels=labels,
        extra_body=_extra_body(given.get("extra_body") or {}),
        service_tier=_TIERS.get(tier, tier),
        output_uri=_output_uri(given.get("output_config") or {}),
        continuation_token=_token(given.get("continuation_token") or ""),
    )


def _once(name: str, value: _T | None, among: dict[str, _T] | dict[str, _T | None], *others: str) -> _T | None:
    """The value of an argument that has several names. The other names are removed from `among`."""
    for other in others:
        found = among.pop(other, None)
        if found is not None and value not in {None, found}:
            raise invalid(name, f"contradicts {other}; set only one of them")
        value = value if found is None else found
    return value


def _safety_settings(given: Iterable[Mapping[str, str]]) -> list[SafetySetting]:
    found: dict[str, SafetySetting] = {}
    for i, setting in enumerate(given):
        if set(setting) - {"method"} != {"category", "threshold"}:
            raise invalid(f"safety_settings[{i}]", "must have category and threshold, and nothing else but method")
        if setting["category"] in found:
            raise invalid(f"safety_settings[{i}].category", "occurs twice; keep one of them")
        found[setting["category"]] = SafetySetting(**setting)
    return list(found.values())


def _output_uri(given: Mapping[str, str]) -> str:
    config = dict(given)
    names = ("uriPrefix", "output_uri_prefix", "outputUriPrefix")
    found = _once("output_config.uri_prefix", config.pop("uri_prefix", None), config, *names)
    if config or (given and not found):
        raise invalid("output_config", 'must be {"uri_prefix": "gs://bucket/folder/"}')
    return found or ""


def _extra_body(given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    try:
        struct(given)
    except ValueError as error:
        raise invalid("extra_body", str(error)) from None
    return given or None


def _token(given: str) -> bytes:
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("continuation_token", "is not base64; send it back unchanged") from None


def _connection_key(model: str, given: CompletionOptions) -> ConnectionKey:
    target = given.get("target") or os.environ.get(TARGET_VARIABLE) or EMBEDDED
    key, retries = given.get("api_key"), given.get("num_retries")
    retries = RETRIES if retries is None else retries
    if retries < 0:
        raise invalid("num_retries", "must be at least 0")
    base = _once("api_base", given.get("api_base"), {"base_url": given.get("base_url")}, "base_url")
    own = {"api_base": base, **{name: given.get(name) for name in _VARIABLES}}
    if target != EMBEDDED:
        if wrong := next((name for name, value in own.items() if value), None):
            raise invalid(wrong, f"is not for the server at {target}, which has its own: leave it out")
        return ConnectionKey(target, key, retries)
    vertex = model.startswith("vertex_ai/")
    if vertex and key:
        raise invalid(
            "api_key", "is Google AI Studio's; vertex_ai/ takes application default credentials: leave it out"
        )
    variables = {variable: str(own[name]) for name, variable in _VARIABLES.items() if own[name]}
    if base:
        variables["IMAGEWIRE_VERTEX_BASE_URL" if vertex else "IMAGEWIRE_GEMINI_BASE_URL"] = base
    if key:
        variables["GEMINI_API_KEY"] = key
    return ConnectionKey(EMBEDDED, None, retries, tuple(sorted(variables.items())))
