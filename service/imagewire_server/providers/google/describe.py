"""Says what a deployment asks of Google and with which credentials, without loading what asks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.file_content import content
from imagewire_server.config.load import Config
from imagewire_server.config.show import Asked
from imagewire_server.config.shown_url import without_password
from imagewire_server.config.source import FROM_ENV, ConfigError
from imagewire_server.providers.google.addresses import endpoint, location, method_url
from imagewire_server.providers.google.config import EXPRESS, GoogleOptions, GoogleSettings, of
from imagewire_server.providers.google.credential_check import wrong

_DEFAULT = "GOOGLE_APPLICATION_CREDENTIALS"
_PROJECTS = ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT")
_SET_PROJECT = "set vertex_project, or VERTEXAI_PROJECT"
_DEFAULT_FILE = ".config/gcloud/application_default_credentials.json"


@dataclass(frozen=True, slots=True)
class _Found:
    """Credentials. words: where they are from. project: theirs, "" if none is known. missing: whether they are not
    there, or can get no token. default: whether they are Google's application default credentials.
    """

    words: str
    project: str = ""
    missing: bool = False
    default: bool = False


def asked(deployment: Deployment, config: Config, environ: Mapping[str, str]) -> Asked:
    """The URL of a call that is not streamed, and where the credentials are from. environ: to look for the default."""
    options, given = of(deployment), config.settings.of(GoogleSettings)
    if deployment.provider == "gemini":
        url = endpoint(options, given).model_url(deployment.model)
        return Asked(
            _shown(url), f"the API key of {options.source or config.sources.get('gemini_api_key', 'the file')}"
        )
    if options.api_key:
        url = location(options, given).model_url(deployment.model, "")
        told = f"the vertex_location of {config.sources.get('vertex_location')}: {EXPRESS}"
        ignores = told if options.passes_over(given.vertex_location) else ""
        return Asked(_shown(url), f"the API key of {options.source}", ignores=ignores)
    found = _credentials(options, config.sources, environ)
    place = location(options, given)
    url = place.model_url(deployment.model, found.project or "PROJECT")
    if found.missing:
        return Asked(_shown(url), found.words, found.words)
    if found.project or url == place.model_url(deployment.model, ""):
        return Asked(_shown(url), found.words)
    if not found.default:
        return Asked(_shown(url), f"{found.words}, which name no project", f"a project: {_SET_PROJECT}")
    return Asked(_shown(url), f"{found.words}; if they have no project: {_SET_PROJECT}")


def _shown(model_url: str) -> str:
    return without_password(method_url(model_url.replace("%2A", "*"), stream=False))


def _credentials(options: GoogleOptions, sources: Mapping[str, str], environ: Mapping[str, str]) -> _Found:
    """Where they are from, and their project."""
    source = options.source or sources.get("vertex_credentials", "")
    text = options.credentials
    if text.startswith(FROM_ENV):
        return _Found(f"the credentials of {text}", "PROJECT")
    if text.lstrip().startswith("{"):
        why = wrong(text)
        return _Found(f"the credentials in {source}{why and f', {why}'}", _project(text), missing=bool(why))
    if text:
        return _file(Path(text), source)
    # Google's library finds the project of these in other places too.
    named = next((environ[name] for name in _PROJECTS if environ.get(name)), "")
    if _DEFAULT in environ:
        found = _file(Path(environ[_DEFAULT]), _DEFAULT)
    elif "HOME" in environ and (known := Path(environ["HOME"], _DEFAULT_FILE)).is_file():
        found = _file(known, "application default credentials")
    else:
        found = _Found("the application default credentials")
    return replace(found, project=named or found.project, default=True)


def _file(path: Path, source: str) -> _Found:
    try:
        text = content(path).decode()
    except (ConfigError, UnicodeDecodeError):
        return _Found(f"the file {path} ({source}), which is missing or cannot be read", missing=True)
    why = wrong(text)
    return _Found(f"the file {path} ({source}), {why or 'which is present'}", _project(text), missing=bool(why))


def _project(text: str) -> str:
    """The project that credentials name, "" if they name none."""
    try:
        read = json.loads(text)
    except ValueError:
        return ""
    return str(read.get("project_id") or "") if isinstance(read, dict) else ""
