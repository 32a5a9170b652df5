"""Deployments: which upstream serves a model's name. Read from LiteLLM's `model_list` as it stands."""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from imagewire_server.config.litellm import Warn, unserved
from imagewire_server.config.settings import Settings, sendable, url
from imagewire_server.config.source import Node, nearest

PROVIDERS = ("gemini", "vertex_ai")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One way to serve a name. name and model may hold one "*". weight, rpm, tpm: None where not given.

    model: the provider's own id. api_base: empty for Google's. timeout: seconds until the first byte, None for the
    server's. project, location, credentials (a file's path or JSON): Vertex AI's.
    """

    id: str
    name: str
    provider: str
    model: str
    api_key: str = field(default="", repr=False)
    api_base: str = ""
    project: str = ""
    location: str = ""
    credentials: str = field(default="", repr=False)
    weight: float | None = None
    rpm: float | None = None
    tpm: float | None = None
    timeout: float | None = None
    extra_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def without_share(self) -> "Deployment":
        """What it is apart from how often it is chosen."""
        return replace(self, weight=None, rpm=None, tpm=None)


PARAMS = (
    "model",
    "api_key",
    "api_base",
    "vertex_project",
    "vertex_location",
    "vertex_credentials",
    "weight",
    "rpm",
    "tpm",
    "timeout",
    "extra_headers",
)
_FIELD_OF = {"vertex_project": "project", "vertex_location": "location"}
# What the server itself sends: a file may not send it twice.
_OWN_HEADERS = frozenset(
    {"authorization", "x-goog-api-key", "content-type", "content-length", "accept-encoding", "host"}
)


def read(section: Node, defaults: Settings, warn: Warn) -> tuple[Deployment, ...]:
    """The deployments of a model_list; key, project and location come from `defaults` where an entry has none.

    warn: told of each key that is LiteLLM's and not served. Raises ConfigError.
    """
    return tuple(_entry(entry, number, defaults, warn) for number, entry in enumerate(section.items("model_list")))


def _entry(entry: Node, number: int, defaults: Settings, warn: Warn) -> Deployment:
    name, params, info_id = "", None, ""
    for key, value in entry.pairs("an entry of model_list"):
        if key.text == "model_name":
            name = value.text("model_name")
            if name.count("*") > 1:
                raise value.error("model_name takes one '*' at the most")
        elif key.text == "litellm_params":
            params = value
        elif key.text == "model_info":
            info_id = next((v.text("id") for k, v in value.pairs("model_info") if k.text == "id"), "")
        elif key.text in unserved("model_list"):
            warn(f"model_list[].{key.text}")
        else:
            raise key.unknown(("model_name", "litellm_params", "model_info"), "model_list")
    if not name:
        raise entry.error("model_name is missing; add the name that callers use")
    if not (name + info_id).isprintable() or "," in info_id:
        raise entry.error("model_name and id take printable characters, an id no comma: answers' trailers hold them")
    if params is None:
        raise entry.error("litellm_params is missing; add at least its 'model'")
    given = _params(params, warn)
    provider, model = given.pop("provider"), given.pop("model")
    if ("*" in model) and ("*" not in name):
        raise params.error(f"model {provider}/{model} has a '*' that model_name {name!r} does not fill")
    made = Deployment(id=info_id or f"{name}:{provider}:{number}", name=name, provider=provider, model=model, **given)
    _check_provider(made, params)
    return _completed(made, defaults, params)


def _params(params: Node, warn: Warn) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key, value in params.pairs("litellm_params"):
        name = key.text
        if name in unserved("litellm_params"):
            warn(f"litellm_params.{name}")
        elif name == "model":
            given["provider"], given["model"] = _model(value)
        elif name in {"weight", "rpm", "tpm"}:
            given[name] = value.number(name)
        elif name == "timeout":
            given[name] = value.number(name, least=0.001)
        elif name == "extra_headers":
            given[name] = _headers(value)
        elif name == "vertex_credentials":
            given["credentials"] = _credentials(value)
        elif name in PARAMS:
            given[_FIELD_OF.get(name, name)] = value.text(name)
            check = {"api_base": url, "api_key": sendable}.get(name)
            if check and (words := check(given[_FIELD_OF.get(name, name)])):
                raise value.error(f"{name} {words}")
        else:
            raise key.unknown(PARAMS, "litellm_params")
    if "model" not in given:
        raise params.error("litellm_params.model is missing; add one such as gemini/gemini-2.5-flash-image")
    return given


def _model(value: Node) -> tuple[str, str]:
    text = value.text("model")
    provider, slash, model = text.partition("/")
    if not slash or provider not in PROVIDERS:
        hint = nearest(provider, PROVIDERS) if slash else ""
        raise value.error(f"model must start with gemini/ or vertex_ai/, not {text!r}{hint}")
    if not re.fullmatch(r"[\w.:@*-]+(/[\w.:@-]+)*", model) or model.count("*") > 1:
        raise value.error(f"model {text!r} names no model; use one such as {provider}/gemini-2.5-flash-image")
    return provider, model


def _headers(value: Node) -> tuple[tuple[str, str], ...]:
    headers = []
    for key, text in value.pairs("extra_headers"):
        header, content = key.text.lower(), text.text(key.text)
        if not re.fullmatch(r"[a-z0-9!#$%&'*+.^_`|~-]+", header) or not content.isprintable() or not content.isascii():
            raise key.error(f"{key.text!r} is no valid header")
        if header in _OWN_HEADERS:
            raise key.error(f"{key.text!r} is sent by the server itself; leave it out")
        headers.append((header, content))
    return tuple(headers)


def _credentials(value: Node) -> str:
    """A path, or JSON, as text or as a mapping of the file."""
    plain = value.plain()
    if isinstance(plain, dict):
        return json.dumps(plain)
    text = value.text("vertex_credentials")
    if text.lstrip().startswith("{"):
        try:
            json.loads(text)
        except ValueError:
            raise value.error("vertex_credentials is neither a path nor valid JSON") from None
    return text


def _check_provider(made: Deployment, params: Node) -> None:
    """Refuse a deployment that could never work."""
    vertex_only = {
        "vertex_project": made.project,
        "vertex_location": made.location,
        "vertex_credentials": made.credentials,
    }
    if made.provider == "gemini":
        wrong = next((name for name, value in vertex_only.items() if value), None)
        if wrong:
            raise params.error(f"{wrong} belongs to vertex_ai/ models; {made.provider}/{made.model} is none")
    elif made.api_key and made.credentials:
        raise params.error("api_key (express mode) and vertex_credentials exclude each other; keep one")


def _completed(made: Deployment, defaults: Settings, params: Node) -> Deployment:
    """The deployment with what the environment says where the entry is silent."""
    if made.provider == "gemini":
        if not made.api_key and not defaults.gemini_api_key:
            raise params.error("api_key is missing; add 'api_key: os.environ/GEMINI_API_KEY', or set GEMINI_API_KEY")
        return replace(made, api_key=made.api_key or defaults.gemini_api_key)
    if made.api_key:
        return made
    return replace(
        made,
        project=made.project or defaults.vertex_project,
        location=made.location or defaults.vertex_location,
    )
