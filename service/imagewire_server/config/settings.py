"""The server's settings: each field is a key under `imagewire:` in the file and an IMAGEWIRE_ variable.

A later source overrides an earlier: defaults, file, environment, command line.
"""

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_ENV_PREFIX = "IMAGEWIRE_"
_FROM_ENV = "os.environ/"


class ConfigError(Exception):
    """A setting is wrong. The text says where, what, and what to do."""


def _positive(value: float) -> str | None:
    return None if value > 0 else "must be more than 0"


def _not_negative(value: float) -> str | None:
    return None if value >= 0 else "must be 0 or more"


def _address(value: str) -> str | None:
    host, colon, port = value.rpartition(":")
    fine = value.startswith("unix:") or (host and colon and port.isdigit() and int(port) < 65536)
    return None if fine else "must be HOST:PORT or unix:PATH"


def _url(value: str) -> str | None:
    return None if value.startswith(("https://", "http://")) else "must start with https:// or http://"


def _level(value: str) -> str | None:
    return None if value in {"debug", "info", "warning", "error"} else "must be debug, info, warning or error"


def _setting(default: Any, check: Any = None) -> Any:
    return field(default=default, metadata={"check": check})


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds, sizes in bytes."""

    grpc: str = _setting("127.0.0.1:50051", _address)
    """Where gRPC is served."""
    gemini_api_key: str = field(default="", repr=False)
    """The key of Google AI Studio; GEMINI_API_KEY sets it too."""
    gemini_base_url: str = _setting("https://generativelanguage.googleapis.com", _url)
    """Where the Gemini API is: another address for a private endpoint or the emulator."""
    gemini_api_version: str = "v1beta"
    """The version in the Gemini API's paths."""
    connect_timeout: float = _setting(10.0, _positive)
    """How long connecting upstream may take."""
    first_byte_timeout: float = _setting(300.0, _positive)
    """How long the model may take until its answer begins."""
    idle_timeout: float = _setting(60.0, _positive)
    """How long an answer that has begun may pause."""
    max_answer_bytes: int = _setting(512 * 1024 * 1024, _positive)
    """The most bytes of one upstream answer."""
    max_request_bytes: int = _setting(64 * 1024 * 1024, _positive)
    """The most bytes of one request."""
    max_concurrent_calls: int = _setting(512, _positive)
    """How many calls that draw run at once; more are refused with RESOURCE_EXHAUSTED."""
    heartbeat_interval: float = _setting(15.0, _positive)
    """After how long a silence a stream sends a heartbeat."""
    stall_timeout: float = _setting(60.0, _positive)
    """How long a client may leave a stream unread."""
    drain_delay: float = _setting(0.0, _not_negative)
    """How long, after SIGTERM, health says NOT_SERVING while new calls are still taken."""
    drain_grace: float = _setting(30.0, _not_negative)
    """How long running calls may then take."""
    log_level: str = _setting("info", _level)
    """The least level that is logged."""


_FIELDS = {f.name: f for f in dataclasses.fields(Settings)}


def load(path: Path | None, environ: Mapping[str, str], **flags: Any) -> Settings:
    """Settings out of file, environment and flags (None: not given). Raises ConfigError."""
    given: dict[str, Any] = _read_file(path, environ) if path else {}
    if key := environ.get("GEMINI_API_KEY"):
        given.setdefault("gemini_api_key", key)
    for name, value in environ.items():
        setting = name.removeprefix(_ENV_PREFIX).lower()
        if name.startswith(_ENV_PREFIX) and setting in _FIELDS:
            given[setting] = _checked(setting, value, name)
    for name, value in flags.items():
        if value is not None:
            given[name] = _checked(name, value, f"--{name.replace('_', '-')}")
    return Settings(**given)


def _read_file(path: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name a file that is there") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(
            f"{path}:{mark.line + 1 if mark else 1}: is not YAML; mend the line or the one above"
        ) from error
    if node is None:
        return {}
    given: dict[str, Any] = {}
    for key, value in _pairs(node, str(path)):
        if key.value != "imagewire":
            raise ConfigError(f"{path}:{_line(key)}: unknown key {key.value!r}; settings stand under 'imagewire:'")
        for name, scalar in _pairs(value, str(path)):
            where = f"{path}:{_line(name)}"
            if name.value not in _FIELDS:
                raise ConfigError(f"{where}: unknown key {name.value!r}{_nearest(name.value)}")
            if name.value in given:
                raise ConfigError(f"{where}: {name.value} is set twice")
            if not isinstance(scalar, yaml.ScalarNode):
                raise ConfigError(f"{where}: {name.value} takes one value")
            given[name.value] = _checked(name.value, _resolved(scalar.value, environ, where), where)
    return given


def _pairs(node: yaml.Node, path: str) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{path}:{_line(node)}: must be a mapping of keys to values")
    pairs: list[tuple[yaml.ScalarNode, yaml.Node]] = node.value
    return pairs


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, _FIELDS, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(sorted(_FIELDS))}"


def _resolved(value: str, environ: Mapping[str, str], where: str) -> str:
    if not value.startswith(_FROM_ENV):
        return value
    name = value.removeprefix(_FROM_ENV)
    if name not in environ:
        raise ConfigError(f"{where}: the environment has no {name}; set it")
    return environ[name]


def _checked(name: str, value: Any, where: str) -> Any:
    """The value in its field's type and within its bounds."""
    kind: type[str] | type[int] | type[float] = type(_FIELDS[name].default)  # type: ignore[assignment]  # none is missing
    try:
        typed = kind(value)
    except ValueError as error:
        words = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{where}: {name} must be {words}, not {value!r}") from error
    check = _FIELDS[name].metadata.get("check")
    if check and (words := check(typed)):
        raise ConfigError(f"{where}: {name} {words}, not {value!r}")
    return typed
