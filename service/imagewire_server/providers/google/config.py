"""Google's part of the configuration: settings, environment variables and the keys of deployments."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.load import Config
from imagewire_server.config.providers import ProviderConfig, SetUp
from imagewire_server.config.settings import Settings, secret, setting, url
from imagewire_server.config.shown_url import without_password
from imagewire_server.config.source import FROM_ENV, Node
from imagewire_server.providers.google import model_names
from imagewire_server.providers.google.params import PARAMS

EXPRESS = "in express mode, the key says the project and Google the location; remove api_key to use credentials"
_GLOBAL = "global"
_VERTEX_ONLY = ("vertex_project", "vertex_location", "vertex_credentials")
# LiteLLM's other names for the same keys. Where both are given, LiteLLM uses the first.
_ALIASES = {
    "api_base": "base_url",
    "vertex_project": "vertex_ai_project",
    "vertex_location": "vertex_ai_location",
    "vertex_credentials": "vertex_ai_credentials",
}


def _url_or_empty(value: str) -> str | None:
    return url(value) if value else None


@dataclass(frozen=True, slots=True)
class GoogleSettings:
    """See docs/configuration.md."""

    gemini_api_key: str = secret()
    """The key of Google AI Studio; GEMINI_API_KEY sets it too. Used where there is no model_list."""
    gemini_base_url: str = setting("https://generativelanguage.googleapis.com", url)
    """Where the Gemini API is: another address for a private endpoint or the emulator."""
    gemini_api_version: str = "v1beta"
    """The version in the Gemini API's paths."""
    gemini_api_base: str = setting("", _url_or_empty)
    """The api_base of deployments without one; GEMINI_API_BASE sets it too."""
    vertex_project: str = ""
    """Vertex AI's project; VERTEXAI_PROJECT sets it too. Used where there is no model_list."""
    vertex_location: str = _GLOBAL
    """Vertex AI's location; VERTEXAI_LOCATION sets it too."""
    vertex_base_url: str = ""
    """Where Vertex AI is; empty for Google's own host of the location."""
    vertex_api_version: str = "v1"
    """The version in Vertex AI's paths."""
    vertex_api_base: str = setting("", _url_or_empty)
    """The api_base of deployments without one; VERTEXAI_API_BASE sets it too."""
    vertex_credentials: str = secret(None)
    """A file or JSON, for deployments without vertex_credentials; VERTEXAI_CREDENTIALS sets it too."""


@dataclass(frozen=True, slots=True)
class GoogleOptions:
    """A deployment's. api_base: empty for Google's own address. project, location: Vertex AI's. credentials:
    Vertex AI's too, a file's path or JSON. timeout: seconds until the first byte, None for the server's setting.
    source: where the key or the credentials are from, "" for the settings.
    """

    api_key: str = field(default="", repr=False)
    api_base: str = ""
    project: str = ""
    location: str = ""
    credentials: str = field(default="", repr=False)
    timeout: float | None = None
    extra_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    source: str = field(default="", compare=False)

    @property
    def where(self) -> str:
        """Its address, or its location, which it has only without a key."""
        return without_password(self.api_base) or ("" if self.api_key else self.location)

    def passes_over(self, location: str) -> bool:
        """Whether it is not asked where all deployments without a location of their own are."""
        return bool(self.api_key) and not self.location and location != _GLOBAL


def of(deployment: Deployment) -> GoogleOptions:
    """The options of one of Google's deployments."""
    options = deployment.options
    assert isinstance(options, GoogleOptions)  # noqa: S101  # they are made here alone
    return options


def _options(provider: str, model: str, given: Mapping[str, Any], settings: Settings, params: Node) -> GoogleOptions:
    """A deployment's options, of its keys and, where they are silent, of the settings. Raises ConfigError."""
    given = {**given, **{name: given.get(name) or given.get(alias, "") for name, alias in _ALIASES.items()}}
    defaults = settings.of(GoogleSettings)
    key = given.get("api_key", "")
    common = {
        "timeout": given.get("timeout"),
        "extra_headers": given.get("extra_headers", ()),
        "source": _source(params, "api_key" if key else "vertex_credentials"),
    }
    if provider == "gemini":
        if not key and not defaults.gemini_api_key:
            raise params.error("api_key is missing; add 'api_key: os.environ/GEMINI_API_KEY', or set GEMINI_API_KEY")
        return GoogleOptions(key or defaults.gemini_api_key, given["api_base"] or defaults.gemini_api_base, **common)
    if any(name == "authorization" for name, _ in common["extra_headers"]):
        raise params.error("extra_headers: 'Authorization' is sent by the server itself; leave it out")
    project, location, credentials = (given[name] for name in _VERTEX_ONLY)
    if not key:
        project, location = project or defaults.vertex_project, location or defaults.vertex_location
        credentials = credentials or defaults.vertex_credentials
    return GoogleOptions(key, given["api_base"] or defaults.vertex_api_base, project, location, credentials, **common)


def _source(params: Node, name: str) -> str:
    """Where a key or its alias is from, "" if the file does not have it."""
    node = params.at(name) or params.at(_ALIASES.get(name, name))
    if node is None:
        return ""
    return FROM_ENV + node.reference if node.reference else f"litellm_params.{name}"


def _ignores(provider: str, own: Mapping[str, Any]) -> dict[str, str]:
    """What belongs to Vertex AI, on the Gemini API; a key beside credentials, which are preferred; and what does not
    hold in express mode. Its location is always Google's choice, which is called "global".
    """
    names = [name for name in own if name.startswith("vertex_") and own[name]]
    if provider == "gemini":
        return dict.fromkeys(names, "")
    if not own.get("api_key"):
        return {}
    if any(name.endswith("_credentials") for name in names):
        return {"api_key": ""}
    return {
        name: f"beside api_key: {EXPRESS}"
        for name in names
        if name.endswith("_project") or (own[name] != _GLOBAL and not own[name].startswith(FROM_ENV))
    }


def _default(settings: Settings) -> tuple[Deployment, ...]:
    """Every model of the services that the settings have credentials for."""
    given = settings.of(GoogleSettings)
    found = []
    if given.gemini_api_key:
        gemini = GoogleOptions(given.gemini_api_key, given.gemini_api_base)
        found.append(Deployment("gemini", "gemini/*", "gemini", "*", gemini))
    if given.vertex_project:
        place = given.vertex_project, given.vertex_location
        options = GoogleOptions("", given.vertex_api_base, *place, given.vertex_credentials)
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
    params=PARAMS,
    settings=GoogleSettings,
    variables={
        "GEMINI_API_KEY": "gemini_api_key",
        "GOOGLE_API_KEY": "gemini_api_key",
        "GEMINI_API_BASE": "gemini_api_base",
        "VERTEX_API_BASE": "vertex_api_base",
        "VERTEXAI_API_BASE": "vertex_api_base",
        "VERTEXAI_CREDENTIALS": "vertex_credentials",
        "VERTEX_PROJECT": "vertex_project",
        "VERTEXAI_PROJECT": "vertex_project",
        "VERTEX_LOCATION": "vertex_location",
        "VERTEXAI_LOCATION": "vertex_location",
    },
    aliases={"vertex_ai_beta": "vertex_ai"},
    claims=model_names.claims,
    declines=model_names.declines,
    ignores=_ignores,
    talks=model_names.talks,
    file_variables={"GOOGLE_APPLICATION_CREDENTIALS": "vertex_credentials"},
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
