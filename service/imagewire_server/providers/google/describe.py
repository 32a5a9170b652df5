"""Says what a deployment asks of Google and with which credentials, without loading what asks."""

import json
from collections.abc import Mapping
from pathlib import Path

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.file_content import content
from imagewire_server.config.load import Config
from imagewire_server.config.settings import without_password
from imagewire_server.config.show import Asked
from imagewire_server.config.source import FROM_ENV, ConfigError
from imagewire_server.providers.google.addresses import endpoint, location, method_url
from imagewire_server.providers.google.config import GoogleOptions, GoogleSettings, of

_DEFAULT = "GOOGLE_APPLICATION_CREDENTIALS"
_DEFAULT_FILE = ".config/gcloud/application_default_credentials.json"


def asked(deployment: Deployment, config: Config, environ: Mapping[str, str]) -> Asked:
    """The URL of a call that is not streamed, and where the credentials are from. environ: to look for the default."""
    options, given = of(deployment), config.settings.of(GoogleSettings)
    if deployment.provider == "gemini":
        url = endpoint(options, given).model_url(deployment.model)
        return Asked(
            _shown(url), f"the API key of {options.source or config.sources.get('gemini_api_key', 'the file')}"
        )
    if options.api_key:
        return Asked(
            _shown(location(options, given).model_url(deployment.model, "")), f"the API key of {options.source}"
        )
    words, missing, project = _credentials(options, config.sources, environ)
    return Asked(_shown(location(options, given).model_url(deployment.model, project)), words, missing)


def _shown(model_url: str) -> str:
    return without_password(method_url(model_url.replace("%2A", "*"), stream=False))


def _credentials(
    options: GoogleOptions, sources: Mapping[str, str], environ: Mapping[str, str]
) -> tuple[str, bool, str]:
    """Where they are from, whether they are missing, and their project."""
    source = options.source or sources.get("vertex_credentials", "")
    text = options.credentials
    if text.startswith(FROM_ENV):
        return f"the credentials of {text}", False, "PROJECT"
    if text.lstrip().startswith("{"):
        return f"the credentials in {source}", False, _project(text)
    if text:
        return _file(Path(text), source)
    if _DEFAULT in environ:
        return _file(Path(environ[_DEFAULT]), _DEFAULT)
    if "HOME" in environ and (known := Path(environ["HOME"], _DEFAULT_FILE)).is_file():
        return _file(known, "application default credentials")
    return "the application default credentials", False, "PROJECT"


def _file(path: Path, source: str) -> tuple[str, bool, str]:
    try:
        project = _project(content(path).decode())
    except (ConfigError, UnicodeDecodeError):
        project = ""
    return (
        f"the file {path} ({source}), which {'is present' if project else 'is missing or cannot be read'}",
        not project,
        project or "PROJECT",
    )


def _project(text: str) -> str:
    """The project that credentials name; PROJECT if they name none, and Google's library must find it."""
    try:
        read = json.loads(text)
    except ValueError:
        return "PROJECT"
    return str(read.get("project_id") or "PROJECT") if isinstance(read, dict) else "PROJECT"
