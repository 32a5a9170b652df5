"""The URLs of Google's models: Google's own, those of another base, and those of LiteLLM's `api_base`."""

from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from imagewire_server.contract.relayed import RelayedRequest
from imagewire_server.providers.google.config import GoogleOptions, GoogleSettings

_MULTI_REGIONS = frozenset({"us", "eu"})
_GEMINI_HOST = "generativelanguage.googleapis.com"
_VERSIONS = frozenset({"v1", "v1beta1"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the Gemini API is. api_base: as in LiteLLM, with its version; empty for base_url and version."""

    base_url: str
    version: str
    api_key: str = field(repr=False)
    api_base: str = ""

    def model_url(self, native_id: str) -> str:
        """The URL of a model, to which ":method" is added."""
        return f"{self._base()}/models/{quote(native_id, safe='')}"

    def _base(self) -> str:
        base = self.api_base.rstrip("/")
        if not base:
            return f"{self.base_url.rstrip('/')}/{self.version}"
        parts = urlsplit(base)
        # Google's own host serves nothing without a version.
        return f"{base}/{self.version}" if (parts.hostname, parts.path) == (_GEMINI_HOST, "") else base


@dataclass(frozen=True, slots=True)
class Location:
    """Where Vertex AI's models are. base_url: empty for Google's host of the location. api_key: express mode.

    api_base: as in LiteLLM: a host, a host with a version, or the URL of the model itself.
    """

    version: str
    name: str = "global"
    project: str = ""
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    api_base: str = ""

    def model_url(self, native_id: str, project: str) -> str:
        """The URL of a model, to which ":method" is added. project: of the credentials, where the location has none."""
        path = self._path(native_id, "" if self.api_key else self.project or project)
        base = self.api_base.rstrip("/")
        if not base:
            return f"{self.host()}/{self.version}/{path}"
        if not (own := urlsplit(base).path):
            return f"{base}/{self.version}/{path}"
        return f"{base}/{path}" if own.strip("/") in _VERSIONS else base

    def _path(self, native_id: str, project: str) -> str:
        place = f"projects/{project}/locations/{self.name}/" if project else ""
        id_ = native_id.removeprefix("gemini/")  # LiteLLM's mark of a tuned model
        if id_.isdecimal():
            return f"{place}endpoints/{id_}"
        return f"{place}publishers/google/models/{quote(id_, safe='')}"

    def host(self) -> str:
        """The host that serves the location, or the one that was named in its stead."""
        if self.base_url:
            return self.base_url.rstrip("/")
        if self.api_key or self.name == "global":
            return "https://aiplatform.googleapis.com"
        if self.name in _MULTI_REGIONS:
            return f"https://aiplatform.{self.name}.rep.googleapis.com"
        return f"https://{self.name}-aiplatform.googleapis.com"


def endpoint(options: GoogleOptions, given: GoogleSettings) -> Endpoint:
    """The Gemini API's of a deployment."""
    return Endpoint(given.gemini_base_url, given.gemini_api_version, options.api_key, options.api_base)


def location(options: GoogleOptions, given: GoogleSettings) -> Location:
    """Vertex AI's of a deployment."""
    name = options.location or given.vertex_location
    return Location(
        given.vertex_api_version, name, options.project, given.vertex_base_url, options.api_key, options.api_base
    )


def method_url(model_url: str, *, stream: bool) -> str:
    """The URL of the method. model_url: the URL of the model."""
    return f"{model_url}:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}"


def relayed_url(model_url: str, request: RelayedRequest) -> str:
    """The URL of the method that a request in Google's own format asks for. model_url: the URL of the model."""
    return f"{model_url}:{request.method}{'?' if request.query else ''}{request.query}"
