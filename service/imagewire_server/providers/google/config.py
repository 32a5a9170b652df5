"""Google's part of the configuration: settings, environment variables and the keys of deployments."""

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.load import Config
from imagewire_server.config.providers import Param, ProviderConfig, SetUp
from imagewire_server.config.settings import Settings, secret, sendable, setting, url, without_password
from imagewire_server.config.source import Node

_VERTEX_ONLY = ("vertex_project", "vertex_location", "vertex_credentials")
# LiteLLM's other names for the same keys. Where both are given, LiteLLM uses the first.
_ALIASES = {
    "vertex_project": "vertex_ai_project",
    "vertex_location": "vertex_ai_location",
    "vertex_credentials": "vertex_ai_credentials",
}
# Headers that the server itself sends. A file may not set them.
_OWN_HEADERS = frozenset({
    "authorization", "content-type", "content-length", "accept-encoding", "host", "x-goog-api-key",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class GoogleSettings:
    """See docs/configuration.md."""

    gemini_api_key: str = secret()
    """The key of Google AI Studio; GEMINI_API_KEY sets it too. Used where there is no model_list."""
    gemini_base_url: str = setting("https://generativelanguage.googleapis.com", url)
    """Where the Gemini API is: another address for a private endpoint or the emulator."""
    gemini_api_version: str = "v1beta"
    """The version in the Gemini API's paths."""
    vertex_project: str = ""
    """Vertex AI's project; VERTEXAI_PROJECT sets it too. Used where there is no model_list."""
    vertex_location: str = "global"
    """Vertex AI's location; VERTEXAI_LOCATION sets it too."""
    vertex_base_url: str = ""
    """Where Vertex AI is; empty for Google's own host of the location."""
    vertex_api_version: str = "v1"
    """The version in Vertex AI's paths."""


@dataclass(frozen=True, slots=True)
class GoogleOptions:
    """A deployment's. api_base: empty for Google's own address. project, location: Vertex AI's. credentials:
    Vertex AI's too, a file's path or JSON. timeout: seconds until the first byte, None for the server's setting.
    """

    api_key: str = field(default="", repr=False)
    api_base: str = ""
    project: str = ""
    location: str = ""
    credentials: str = field(default="", repr=False)
    timeout: float | None = None
    extra_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def where(self) -> str:
        """Its address, or its location."""
        return without_password(self.api_base) or self.location


def of(deployment: Deployment) -> GoogleOptions:
    """The options of one of Google's deployments."""
    options = deployment.options
    assert isinstance(options, GoogleOptions)  # noqa: S101  # they are made here alone
    return options


def _text(name: str, check: Callable[[str], str | None] = lambda text: None) -> Param:
    def read(value: Node) -> str:
        text = value.text(name)
        if words := check(text):
            raise value.error(f"{name} {words}")
        return text

    return Param(read, {"type": "string"})


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


def _extra_headers(value: Node) -> tuple[tuple[str, str], ...]:
    headers = []
    for key, text in value.pairs("extra_headers"):
        header, content = key.text.lower(), text.text(key.text)
        if not re.fullmatch(r"[a-z0-9!#$%&'*+.^_`|~-]+", header) or not content.isprintable() or not content.isascii():
            raise key.error(f"{key.text!r} is not a valid header")
        if header in _OWN_HEADERS:
            raise key.error(f"{key.text!r} is sent by the server itself; leave it out")
        headers.append((header, content))
    return tuple(headers)


def _options(provider: str, model: str, given: Mapping[str, Any], settings: Settings, params: Node) -> GoogleOptions:
    """A deployment's options, of its keys and, where they are silent, of the settings. Raises ConfigError."""
    given = {**given, **{name: given.get(name) or given.get(alias, "") for name, alias in _ALIASES.items()}}
    defaults = settings.of(GoogleSettings)
    key = given.get("api_key", "")
    common = {"timeout": given.get("timeout"), "extra_headers": given.get("extra_headers", ())}
    if provider == "gemini":
        wrong = next((name for name in _VERTEX_ONLY if given.get(name)), None)
        if wrong:
            raise params.error(f"{wrong} belongs to vertex_ai/ models; {provider}/{model} is none")
        if not key and not defaults.gemini_api_key:
            raise params.error("api_key is missing; add 'api_key: os.environ/GEMINI_API_KEY', or set GEMINI_API_KEY")
        return GoogleOptions(key or defaults.gemini_api_key, given.get("api_base", ""), **common)
    project, location, credentials = (given.get(name, "") for name in _VERTEX_ONLY)
    if key and credentials:
        raise params.error("api_key (express mode) and vertex_credentials exclude each other; keep one")
    if not key:
        project, location = project or defaults.vertex_project, location or defaults.vertex_location
    return GoogleOptions(key, given.get("api_base", ""), project, location, credentials, **common)


def _default(settings: Settings) -> tuple[Deployment, ...]:
    """Every model of the services that the settings have credentials for."""
    given = settings.of(GoogleSettings)
    found = []
    if given.gemini_api_key:
        found.append(Deployment("gemini", "gemini/*", "gemini", "*", GoogleOptions(given.gemini_api_key)))
    if given.vertex_project:
        options = GoogleOptions(project=given.vertex_project, location=given.vertex_location)
        found.append(Deployment("vertex_ai", "vertex_ai/*", "vertex_ai", "*", options))
    return tuple(found)


def emulated(config: Config, base_url: str, api_key: str) -> Config:
    """A Config whose models are all an emulator's: those of the file's model_list, without one any.

    Deployments keep what they have of their own, other than address and credentials.
    """
    given = dataclasses.replace(config.settings.of(GoogleSettings), gemini_base_url=base_url, vertex_base_url=base_url)
    others = tuple(made for made in config.settings.providers if not isinstance(made, GoogleSettings))
    options = GoogleOptions(api_key)
    of_settings = _default(config.settings)  # they begin the list if, and only if, the file has none
    has_list = config.deployments[: len(of_settings) or None] != of_settings
    found = tuple(one for one in config.deployments if has_list and isinstance(one.options, GoogleOptions))
    return dataclasses.replace(
        config,
        settings=dataclasses.replace(config.settings, providers=(given, *others)),
        deployments=tuple(
            dataclasses.replace(
                one, options=dataclasses.replace(of(one), api_key=api_key, api_base="", credentials="", project="")
            )
            for one in found
        )
        or (
            Deployment("gemini", "gemini/*", "gemini", "*", options),
            Deployment("gemini:bare", "*", "gemini", "*", options),
        ),
    )


CONFIG = ProviderConfig(
    names=("gemini", "vertex_ai"),
    example="gemini-2.5-flash-image",
    options=_options,
    params={
        "timeout": Param(lambda value: value.number("timeout", least=0.001), {"type": "number", "exclusiveMinimum": 0}),
        "extra_headers": Param(_extra_headers, {"type": "object", "additionalProperties": {"type": "string"}}),
        "api_key": _text("api_key", sendable),
        "api_base": _text("api_base", url),
        "vertex_project": _text("vertex_project"),
        "vertex_location": _text("vertex_location"),
        "vertex_credentials": Param(_credentials, {"type": ["string", "object"]}),
        "vertex_ai_project": _text("vertex_ai_project"),
        "vertex_ai_location": _text("vertex_ai_location"),
        "vertex_ai_credentials": Param(_credentials, {"type": ["string", "object"]}),
    },
    settings=GoogleSettings,
    variables={
        "GEMINI_API_KEY": "gemini_api_key",
        "VERTEXAI_PROJECT": "vertex_project",
        "VERTEXAI_LOCATION": "vertex_location",
    },
    default=_default,
    set_up=(
        SetUp(
            "GEMINI_API_KEY",
            "Google's models (a key: https://aistudio.google.com/apikey)",
            "(a key: https://aistudio.google.com/apikey)",
        ),
        SetUp(
            "VERTEXAI_PROJECT",
            "Vertex AI's, with the application default credentials",
            "beside Google's application default credentials",
        ),
    ),
)
