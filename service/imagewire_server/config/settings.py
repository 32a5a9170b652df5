"""The server's own settings: each field is a key under `imagewire:` in the file and an IMAGEWIRE_ variable."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from imagewire_server.config.providers import ProviderConfig
from imagewire_server.config.source import ConfigError, Node, nearest

_T = TypeVar("_T")

ENV_PREFIX = "IMAGEWIRE_"
OWN_KEY = "IMAGEWIRE_MASTER_KEY"
# What the client and its command read.
_CLIENTS = frozenset({"IMAGEWIRE_API_KEY", "IMAGEWIRE_MODEL", "IMAGEWIRE_TARGET"})
_WHO = ("key", "open", "off")
# What Kubernetes sets for a service that is called imagewire, or imagewire-something.
_KUBERNETES = re.compile(r"IMAGEWIRE_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
# Keys under `imagewire:` that are no single values; config.load reads them.
SECTIONS = ("models",)


def _positive(value: float) -> str | None:
    return None if 0 < value < float("inf") else "must be more than 0"


def _not_negative(value: float) -> str | None:
    return None if 0 <= value < float("inf") else "must be 0 or more"


def _address(value: str) -> str | None:
    host, colon, port = value.rpartition(":")
    fine = value.startswith("unix:") or (host and colon and port.isdecimal() and int(port) < 65536)
    return None if fine else "must be HOST:PORT or unix:PATH"


def _rest_address(value: str) -> str | None:
    fine = value == "off" or (not value.startswith("unix:") and _address(value) is None)
    return None if fine else "must be HOST:PORT or off"


def _one_of(*choices: str) -> Callable[[str], str | None]:
    return lambda value: None if value in choices else f"must be {', '.join(choices[:-1])} or {choices[-1]}"


def url(value: str) -> str | None:
    """What is wrong with a base URL, None when nothing is."""
    try:
        parts = urlsplit(value)
        fine = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
        if fine and (parts.query or parts.fragment):
            return "must end behind the path: a key belongs into api_key, and nothing else is sent in a URL"
    except ValueError:  # a port that is none
        fine = False
    return None if fine else "must start with https:// or http:// and name a host, as in https://host:8443"


def sendable(value: str) -> str | None:
    """What is wrong with a key, None when nothing is. Empty stands for none."""
    fine = value.isascii() and value.isprintable() and value == value.strip(" ")
    return None if fine else "must be printable ASCII without blanks at its ends, which a header can carry"


def _key(value: str) -> str | None:
    return sendable(value) if value else "is empty: give it a key, or leave it out"


def _level(value: str) -> str | None:
    return None if value in {"debug", "info", "warning", "error"} else "must be debug, info, warning or error"


def _names(value: str) -> str | None:
    return None if all(names(value)) else "must be any, none, auto, or names separated by commas"


def names(value: str) -> tuple[str, ...]:
    """The names in a value that holds several."""
    return tuple(name.strip().removeprefix("gs://") for name in value.split(","))


def setting(default: Any, check: Callable[[Any], str | None] | None = None) -> Any:
    """A setting. check: what is wrong with a value in words, None where nothing is."""
    return field(default=default, metadata={"check": check})


def secret(check: Callable[[Any], str | None] = sendable) -> Any:
    """A setting that no error and no representation shows."""
    return field(default="", repr=False, metadata={"check": check})


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds, sizes in bytes."""

    grpc: str = setting("127.0.0.1:50051", _address)
    """Where gRPC is served."""
    workers: int = setting(0, _not_negative)
    """How many processes serve; 0 for one for each core that the process may use, a container's quota counted."""
    rest: str = setting("127.0.0.1:4000", _rest_address)
    """Where OpenAI's REST is served; off for nowhere."""
    rest_image_fields: str = setting("both", _one_of("both", "image", "images"))
    """Where a chat's pictures go: image (the final one), images (each) or both."""
    rest_remote_images: str = setting("fetch", _one_of("fetch", "pass", "refuse"))
    """What happens to a picture that a REST request names by https://."""
    rest_fetch_schemes: str = setting("https", _one_of("https", "https,http"))
    """By which schemes pictures are fetched."""
    rest_cors_origins: str = ""
    """The origins whose pages may call, separated by commas; empty for none."""
    rest_hosts: str = ""
    """Names by which clients without a key may address REST, beside localhost's; * for any."""
    providers: tuple[Any, ...] = ()
    """The providers' own settings: an object of each one's dataclass."""
    metrics: str = setting("key", _one_of(*_WHO))
    """Who may read /metrics: key (who shows a key, where there is one), open (everybody) or off."""
    metrics_key: str = secret(_key)
    """A key that reads /metrics and opens nothing else."""
    reflection: str = setting("key", _one_of(*_WHO))
    """Who may ask gRPC's reflection: key, open or off."""
    channelz: str = setting("key", _one_of(*_WHO))
    """Who may ask gRPC's channelz, which tells every connection's address: key, open or off."""
    connect_timeout: float = setting(10.0, _positive)
    """How long connecting upstream may take."""
    first_byte_timeout: float = setting(300.0, _positive)
    """How long the model may take until its answer begins."""
    idle_timeout: float = setting(60.0, _positive)
    """How long an answer that has begun may pause."""
    max_retry_after: float = setting(300.0, _positive)
    """The longest wait that a provider's hint (Retry-After, RetryInfo) is followed for, and that callers are told."""
    max_answer_bytes: int = setting(512 * 1024 * 1024, _positive)
    """The most bytes of one upstream answer."""
    max_request_bytes: int = setting(64 * 1024 * 1024, _positive)
    """The most bytes of one request."""
    allowed_buckets: str = setting("auto", _names)
    """The Cloud Storage buckets, or BUCKET/FOLDER, that requests may name, separated by commas; any, none, or auto."""
    allowed_resources: str = setting("auto", _names)
    """What else of the provider's requests may name (cachedContents/ID, files/*), in the same way."""
    max_unread_bytes: int = setting(512 * 1024 * 1024, _positive)
    """The most bytes of unary answers that clients have not read yet; more calls of CreateCompletion are refused."""
    max_arriving_bytes: int = setting(64 * 1024 * 1024, _positive)
    """The most bytes of requests that are still arriving, of all clients together; one of any size always may."""
    receive_timeout: float = setting(10.0, _positive)
    """How long a request may take to arrive, beside what its bytes take at 32 kB a second."""
    max_concurrent_calls: int = setting(512, _positive)
    """How many calls that draw run at once; more are refused with RESOURCE_EXHAUSTED."""
    max_connections: int = setting(10_000, _positive)
    """How many connections each API of a worker holds at once; more are closed."""
    max_streams_per_connection: int = setting(1024, _positive)
    """How many gRPC calls may be open on one connection; more are refused."""
    handshake_timeout: float = setting(10.0, _positive)
    """How long a new gRPC connection may take until it speaks HTTP/2."""
    keepalive_interval: float = setting(60.0, _positive)
    """After how long a silence a gRPC connection is pinged, to see whether its client is still there."""
    keepalive_timeout: float = setting(60.0, _positive)
    """How long the answer to a ping may take, or what is sent may stay in the kernel unread."""
    # Proxies are set to 3 s. gRPC's default of 300 s would cut them, and calls that are paid for, off.
    min_ping_interval: float = setting(1.0, _positive)
    """How often a gRPC client may ping, also while a model thinks in silence."""
    heartbeat_interval: float = setting(15.0, _positive)
    """After how long a silence a stream sends a heartbeat."""
    stall_timeout: float = setting(60.0, _positive)
    """How long a client may leave an answer unread."""
    # Not by default: gRPC closes the socket right behind the last call's last byte. What the client sends meanwhile
    # resets the connection, and what it has not read is lost, though charged.
    max_connection_age: float = setting(0.0, _not_negative)
    """After how long, give or take a tenth, a gRPC client is asked to connect anew; 0 for never."""
    max_connection_age_grace: float = setting(3600.0, _positive)
    """How long the calls of a connection of that age may take before they are cut."""
    drain_delay: float = setting(5.0, _not_negative)
    """How long, after SIGTERM, health says NOT_SERVING while new calls are still taken."""
    drain_grace: float = setting(30.0, _not_negative)
    """How long running calls may then take, before they end in ABORTED."""
    log_level: str = setting("info", _level)
    """The least level that is logged."""

    def of(self, kind: type[_T]) -> _T:
        """A provider's own settings, by their dataclass."""
        return next((made for made in self.providers if isinstance(made, kind)), None) or kind()


Fields = Mapping[str, "dataclasses.Field[Any]"]


def fields(providers: Iterable[ProviderConfig]) -> Fields:
    """The settings by name: the server's own, and those of the providers."""
    found: dict[str, dataclasses.Field[Any]] = {}
    for own in dataclasses.fields(Settings):
        if own.name != "providers":
            found[own.name] = own
            continue
        for provider in providers:
            found |= {f.name: f for f in dataclasses.fields(provider.settings)} if provider.settings else {}
    return found


def made(given: Mapping[str, Any], providers: Iterable[ProviderConfig]) -> Settings:
    """The Settings of what was given by name."""
    left = dict(given)
    kinds = [provider.settings for provider in providers if provider.settings]
    others = tuple(
        kind(**{f.name: left.pop(f.name) for f in dataclasses.fields(kind) if f.name in left}) for kind in kinds
    )
    return Settings(**left, providers=others)


def from_file(section: Node, known: Fields) -> dict[str, Any]:
    """The settings under `imagewire:`. known: those that there are. Raises ConfigError."""
    given = {}
    for key, value in section.pairs("imagewire"):
        if key.text in SECTIONS:
            continue
        if key.text not in known:
            raise key.unknown((*known, *SECTIONS), "imagewire")
        given[key.text] = checked(known[key.text], value.text(key.text), value.where)
    return given


def from_environment(
    environ: Mapping[str, str], known: Fields, others: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two sets: what other tools' variables say, which a file overrides, and what IMAGEWIRE_ variables say.

    known: the settings that there are. others: the other tools' variables, with the setting that each sets. Raises
    ConfigError, also for a variable of ours that nothing reads.
    """
    weak = {name: checked(known[name], environ[other], other) for other, name in others.items() if environ.get(other)}
    strong = {}
    for variable, value in environ.items():
        if not variable.upper().startswith(ENV_PREFIX):
            continue
        name = variable.removeprefix(ENV_PREFIX).lower()
        if variable.startswith(ENV_PREFIX) and name in known:
            strong[name] = checked(known[name], value, variable)
        elif variable not in {OWN_KEY, *_CLIENTS} and not _is_kubernetes(variable, value):
            variables = [OWN_KEY, *_CLIENTS, *(ENV_PREFIX + field.upper() for field in known)]
            close = nearest(variable.upper(), variables) or "; unset it"
            raise ConfigError(f"{variable}: unknown variable{close}")
    return weak, strong


def _is_kubernetes(variable: str, value: str) -> bool:
    # IMAGEWIRE_PORT alone may be meant for us, unless it holds what Kubernetes puts there.
    linked = variable.startswith(ENV_PREFIX) and variable.endswith("_PORT") and "://" in value
    return linked or _KUBERNETES.fullmatch(variable) is not None


def checked(of: "dataclasses.Field[Any]", value: str, where: str) -> Any:
    """The value in its field's type and within its bounds. Raises ConfigError."""
    kind: type[str] | type[int] | type[float] = type(of.default)  # type: ignore[assignment]  # none is missing
    try:
        typed = kind(value)
    except ValueError:
        words = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{where}: {of.name} must be {words}, not {value!r}") from None
    check = of.metadata.get("check")
    if check and (words := check(typed)):
        shown = f", not {without_password(value)!r}" if of.repr else ""
        raise ConfigError(f"{where}: {of.name} {words}{shown}")
    return typed


def without_password(value: str) -> str:
    """A URL, or what was meant to be one, without what stands before its host's "@", or behind "?" or "#"."""
    value, *hidden = re.split("[?#]", value, maxsplit=1)
    scheme, slashes, rest = value.partition("//") if "//" in value else ("", "", value)
    _, at, host = rest.rpartition("@")
    shown = f"{scheme}{slashes}***@{host}" if at else value
    return f"{shown}?***" if hidden else shown
