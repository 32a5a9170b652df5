"""Reads LiteLLM's arguments: the Spec, and its server. What cannot be honoured is refused before it is sent."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from imagewire._grpc.channel import Metadata
from imagewire.errors import invalid
from imagewire.json_struct import struct
from imagewire.litellm import known_arguments, labels, picture, settings
from imagewire.litellm.connection import ConnectionKey, connection_key, is_embedded, metadata
from imagewire.litellm.drops import Drops
from imagewire.litellm.function_tools import read_choice, read_tools
from imagewire.litellm.messages import Messages, read_messages
from imagewire.litellm.once import once
from imagewire.litellm.options import CompletionOptions
from imagewire.litellm.thinking import thinking
from imagewire.options import Options, build_spec
from imagewire.type_check import mismatch
from imagewire.v1.spec_pb2 import SafetySetting, Spec, Tool

# Arguments that say the same as settings of the package.
_OTHER_NAMES = {
    "api_base": "base_url",
    "num_retries": "max_retries",
    "request_timeout": "timeout",
    "vertex_location": "vertex_ai_location",
    "vertex_project": "vertex_ai_project",
}
# OpenAI's words for Google's; the others are the same.
_TIERS = {"auto": "", "default": "standard"}
_PROVIDERS = ("gemini", "vertex_ai")
_TIMEOUTS = ("timeout", "request_timeout", "stream_timeout")


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What `completion` is to do. timeout: seconds, None for the client's own. metadata: the call's own.

    drops: what was left out, and whether the server's refusals may be left out too.
    """

    connection: ConnectionKey
    spec: Spec
    timeout: float | None
    include_usage: bool
    metadata: Metadata
    drops: Drops


def requests(
    model: str, messages: Messages, options: Mapping[str, Any], *, stream: bool = False
) -> Iterator[CompletionRequest]:
    """The request, then those of its fallbacks. Each is read when it is asked for. Raises as `read`."""
    fallbacks = options.get("fallbacks") or ()
    if isinstance(fallbacks, Iterator):
        fallbacks = list(fallbacks)  # they are read more than once, as messages are
    _check_fallbacks(fallbacks)
    if fallbacks and isinstance(messages, Iterator):
        messages = list(messages)
    yield read(model, messages, options, stream=stream)
    for fallback in fallbacks:
        given = {"model": fallback} if isinstance(fallback, str) else dict(fallback)
        other = given.pop("model", model)
        given = {name: value for name, value in options.items() if name != "fallbacks"} | given
        said: Any = given.pop("messages", messages)
        yield read(other, said, given, stream=stream)


def _check_fallbacks(fallbacks: Any) -> None:
    """Raise InvalidRequest for what would come to light only when a call fails."""
    if wrong := mismatch(fallbacks, CompletionOptions.__annotations__["fallbacks"]):
        raise invalid("fallbacks", wrong)
    for i, fallback in enumerate(fallbacks):
        names = () if isinstance(fallback, str) else fallback
        if "fallbacks" in names:
            raise invalid(f"fallbacks[{i}].fallbacks", "cannot be inside; put all models into one list")
        for name in names:
            known = name in {"model", "messages", *CompletionOptions.__annotations__}
            if not known and known_arguments.remedy(name) is None:
                raise known_arguments.unknown(name, CompletionOptions.__annotations__, f"fallbacks[{i}].")


def read(model: str, messages: Messages, options: Mapping[str, Any], *, stream: bool = False) -> CompletionRequest:
    """Read the arguments. Raises InvalidRequest, which names the wrong one, and what `build_spec` raises."""
    options = _with_settings(model, options)
    drops = Drops(enabled=options.get("drop_params") is True)
    given = cast("CompletionOptions", dict(_served(options, drops)))
    for name, value in given.items():
        if wrong := mismatch(value, CompletionOptions.__annotations__[name]):
            raise invalid(name, wrong)
    if mismatch(model, str) or not model:
        raise invalid("model", 'is missing; name one such as "gemini/gemini-2.5-flash-image"')
    provider = given.get("custom_llm_provider")
    if provider and provider not in _PROVIDERS:
        raise invalid("custom_llm_provider", f"must be one of {', '.join(_PROVIDERS)}: others draw nothing here")
    if provider and not model.startswith(f"{provider}/"):
        model = f"{provider}/{model}"
    spec = build_spec(model, messages=read_messages(messages, drops), **_options(given, model, drops))
    stream_options = dict(given.get("stream_options") or {})
    include_usage = stream_options.pop("include_usage", False)
    for name, value in stream_options.items():
        drops.unsupported(f"stream_options.{name}", "is not supported; include_usage is", value)
    connection = connection_key(model, given)
    seconds = once(
        "timeout", given.get("timeout"), {"request_timeout": given.get("request_timeout")}, "request_timeout"
    )
    if stream:
        seconds = given.get("stream_timeout") or seconds
    return CompletionRequest(connection, spec, seconds, include_usage, metadata(given, connection), drops)


def _with_settings(model: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments, with the package's settings where they are silent."""
    found = settings()
    if found:
        said = {name for name, value in options.items() if value is not None}
        found = {name: value for name, value in found.items() if not said & {name, _OTHER_NAMES.get(name, "")}}
        vertex = "vertex_ai" in {str(model).partition("/")[0], options.get("custom_llm_provider")}
        if vertex and is_embedded(options.get("target")):
            found.pop("api_key", None)  # it is Google AI Studio's, as in LiteLLM
    return {**options, **found} if found else options


def _served(options: Mapping[str, Any], drops: Drops) -> Iterator[tuple[str, Any]]:
    """The arguments that are served, those that are None left out. Raises InvalidRequest for the others."""
    left_out = options.get("additional_drop_params") or ()
    left_out = set(left_out) if isinstance(left_out, list | tuple | set | frozenset) else set()
    for name, value in options.items():
        if value is None or known_arguments.is_harmless(name, value):
            continue
        if name in left_out:
            drops.names.append(name)
        elif name in CompletionOptions.__annotations__:
            # An httpx.Timeout has several; LiteLLM takes this one.
            is_timeout = name in _TIMEOUTS and hasattr(value, "read") and hasattr(value, "connect")
            made = value.read if is_timeout else _lower(value) if name == "modalities" else value
            if made is not None:
                yield name, made
        elif (words := known_arguments.remedy(name)) is not None:
            drops.unsupported(name, words, value)
        else:
            raise known_arguments.unknown(name, CompletionOptions.__annotations__)


def _lower(value: Any) -> Any:
    return [one.lower() if isinstance(one, str) else one for one in value] if isinstance(value, list | tuple) else value


def _options(given: CompletionOptions, model: str, drops: Drops) -> Options:
    if given.get("n") not in {None, 1}:
        drops.unsupported("n", "must be 1: a call draws one answer; call again for another")
    config = dict(given.get("image_config") or {})
    for name, value in (given.get("imageConfig") or {}).items():
        config[name] = once(f"imageConfig.{name}", value, dict(config), name) or ""
    ratio = once("aspect_ratio", given.get("aspect_ratio"), config, "aspect_ratio", "aspectRatio")
    ratio = once("aspect_ratio", ratio, {"aspectRatio": given.get("aspectRatio")}, "aspectRatio")
    size = once("image_size", given.get("image_size"), config, "image_size", "imageSize")
    size = once("image_size", size, {"imageSize": given.get("imageSize")}, "imageSize")
    for name, value in config.items():
        drops.unsupported(f"image_config.{name}", "is not supported; aspect_ratio and image_size are", value)
    ratio, size = picture.shape(ratio or "", size or "", given.get("size") or "", given.get("quality") or "", drops)
    tokens = {"max_completion_tokens": given.get("max_completion_tokens")}
    tier = given.get("service_tier") or ""
    budget, level = thinking(given.get("reasoning_effort"), given.get("thinking"))
    tools: list[Mapping[str, Any]] = list(given.get("tools") or ())
    made = read_tools(tools, drops) or _web_search(given.get("web_search_options"), drops)
    return Options(
        aspect_ratio=ratio,
        image_size=size,
        temperature=given.get("temperature"),
        top_p=given.get("top_p"),
        top_k=given.get("top_k"),
        max_output_tokens=once("max_tokens", given.get("max_tokens"), tokens, "max_completion_tokens"),
        seed=given.get("seed"),
        presence_penalty=given.get("presence_penalty"),
        frequency_penalty=given.get("frequency_penalty"),
        thinking_budget=budget,
        thinking_level=level,
        stop=given.get("stop") or (),
        modalities=given.get("modalities") or (),
        tools=made,
        tool_config=read_choice(given.get("tool_choice"), made),
        media_resolution=given.get("media_resolution") or "",
        cached_content=given.get("cached_content") or "",
        safety_settings=_safety_settings(given.get("safety_settings") or ()),
        labels=labels.read(given, model, drops),
        extra_body=_extra_body(given.get("extra_body") or {}),
        service_tier=_TIERS.get(tier, tier),
        output_uri=_output_uri(given.get("output_config") or {}),
        continuation_token=_token(given.get("continuation_token") or ""),
    )


def _web_search(given: Mapping[str, Any] | None, drops: Drops) -> list[Tool]:
    """OpenAI's web search as Google's, which has none of its options."""
    if given is None:
        return []
    for name, value in given.items():
        if value is None or (name == "search_context_size" and value == "medium"):
            continue  # OpenAI's default
        drops.unsupported(
            f"web_search_options.{name}", "is not an option of Google Search; use tools with google_search", value
        )
    return read_tools([{"google_search": {}}], drops)


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
    found = once("output_config.uri_prefix", config.pop("uri_prefix", None), config, *names)
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
