"""The server's own settings: each field is a key under `imagewire:` in the file and an IMAGEWIRE_ variable."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from imagewire_server.config.providers import ProviderConfig

_T = TypeVar("_T")

ENV_PREFIX = "IMAGEWIRE_"
OWN_KEY = "IMAGEWIRE_MASTER_KEY"
_WHO = ("key", "open", "off")
# Keys under `imagewire:` that are not single values; config.load reads them.
SECTIONS = ("models", "callers", "jwt")
# Former names of settings, which still work.
RENAMED = {"rest_missing_signatures": "missing_signatures"}


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
    """The error of a base URL, None if it is valid."""
    try:
        parts = urlsplit(value)
        fine = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
        if fine and (parts.query or parts.fragment):
            return "must end after the path: put a key into api_key; nothing else may be in the URL"
    except ValueError:  # an invalid port
        fine = False
    return None if fine else "must start with https:// or http:// and have a host, for example https://host:8443"


def sendable(value: str) -> str | None:
    """The error of a key, None if it is valid. Empty means no key."""
    fine = value.isascii() and value.isprintable() and value == value.strip(" ")
    return None if fine else "must be printable ASCII without spaces at its ends, so that a header can hold it"


def _key(value: str) -> str | None:
    return sendable(value) if value else "is empty: set a key, or leave it out"


def _redis(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        fine = parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an invalid port
        fine = False
    words = "must start with redis:// or rediss:// and have a host, for example redis://:password@host:6379/0"
    return None if fine or not value else words


def _objects(value: str) -> str | None:
    scheme, _, rest = value.partition("://")
    fine = rest.startswith("/") if scheme == "file" else scheme in {"s3", "gs", "az"} and not rest.startswith("/")
    words = "must be file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"
    return None if (fine and rest) or not value else words


def _names(value: str) -> str | None:
    return None if all(names(value)) else "must be any, none, auto, or names separated by commas"


def _tokens(value: str) -> str | None:
    fine = all(re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", name) for name in listed(value))
    return None if fine else "must be names separated by commas, each of letters, digits and -._ without spaces"


def listed(value: str) -> tuple[str, ...]:
    """The values in a setting that may have none."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def names(value: str) -> tuple[str, ...]:
    """The names in a value with several names."""
    return tuple(name.strip().removeprefix("gs://") for name in value.split(","))


def setting(default: Any, check: Callable[[Any], str | None] | None = None) -> Any:
    """A setting. check: returns the error of a value, None if it is valid."""
    return field(default=default, metadata={"check": check})


def secret(check: Callable[[Any], str | None] | None = sendable) -> Any:
    """A setting that is never shown in errors and representations."""
    return field(default="", repr=False, metadata={"check": check})


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds, sizes in bytes."""

    grpc: str = setting("127.0.0.1:50051", _address)
    """The address of gRPC."""
    workers: int = setting(0, _not_negative)
    """The number of worker processes; 0 for one per core that may be used, with a container's quota counted."""
    rest: str = setting("127.0.0.1:4000", _rest_address)
    """The address of OpenAI's REST API, or off."""
    ui: bool = True
    """Whether / of REST is the page for people, and / of admin the operator's."""
    admin: str = setting("off", _rest_address)
    """The address of status, metrics and health checks that need no key, or off."""
    tls_cert: str = ""
    """The server's certificate with its chain, a file in PEM, for TLS in both APIs; empty for no TLS."""
    tls_key: str = ""
    """The private key of tls_cert, a file in PEM."""
    tls_client_ca: str = ""
    """The authorities of clients, a file in PEM: each connection must then show a certificate of theirs."""
    tls_client_suffices: bool = False
    """Whether a verified client certificate is enough, so that no key is asked for."""
    tls_allowed_ids: str = ""
    """The ids of client certificates that may call, separated by commas; * is any one segment; empty for all."""
    plaintext: str = setting("loopback", _one_of("loopback", "anywhere"))
    """Where the server may listen without TLS: loopback (and unix sockets), or anywhere."""
    public_url: str = setting("", lambda value: url(value) if value else None)
    """What clients call the REST server, where that is not the Host of their requests: for URLs of pictures."""
    rest_image_fields: str = setting("both", _one_of("both", "image", "images", "content"))
    """Which fields hold a chat's pictures: image (the final one), images (all), both, or content (as ordered parts)."""
    rest_image_order: str = setting("final", _one_of("final", "drawn"))
    """The order of a chat's pictures: final (drafts behind the others) or drawn (as the model drew them)."""
    rest_remote_images: str = setting("fetch", _one_of("fetch", "pass", "refuse"))
    """What to do with an https:// picture in a REST request."""
    missing_signatures: str = setting("bypass", _one_of("bypass", "refuse"))
    """What to do if an earlier answer lost the signatures that a model requires: bypass (send Google's placeholder)."""
    rest_fetch_schemes: str = setting("https", _one_of("https", "https,http"))
    """The URL schemes that may be fetched."""
    rest_cors_origins: str = ""
    """Origins whose web pages may call, separated by commas; empty for none."""
    rest_hosts: str = ""
    """Host names that REST accepts without a key, in addition to localhost's; * for any."""
    providers: tuple[Any, ...] = ()
    """The providers' own settings: one dataclass object per provider."""
    metrics: str = setting("key", _one_of(*_WHO))
    """Who may read /metrics: key (callers with a key, if there is one), open (everybody) or off."""
    metrics_key: str = secret(_key)
    """A key that can read /metrics and nothing else."""
    reflection: str = setting("key", _one_of(*_WHO))
    """Who may use gRPC reflection: key, open or off."""
    channelz: str = setting("key", _one_of(*_WHO))
    """Who may use gRPC channelz, which shows the address of every connection: key, open or off."""
    connect_timeout: float = setting(10.0, _positive)
    """How long connecting to the provider may take."""
    first_byte_timeout: float = setting(300.0, _positive)
    """How long the model may take to begin its answer."""
    idle_timeout: float = setting(60.0, _positive)
    """How long an answer may pause after it began."""
    max_retry_after: float = setting(300.0, _positive)
    """The longest waiting time that is accepted from a provider (Retry-After, RetryInfo) and passed on to callers."""
    max_answer_bytes: int = setting(512 * 1024 * 1024, _positive)
    """The maximum size of one answer of the provider."""
    max_request_bytes: int = setting(64 * 1024 * 1024, _positive)
    """The maximum size of one request."""
    allowed_buckets: str = setting("auto", _names)
    """Cloud Storage buckets, or BUCKET/FOLDER, that requests may name, separated by commas; any, none or auto."""
    allowed_resources: str = setting("auto", _names)
    """Other resources at the provider that requests may name (cachedContents/ID, files/*), in the same way."""
    max_unread_bytes: int = setting(512 * 1024 * 1024, _positive)
    """The maximum size of all unread unary answers; above it, CreateCompletion is refused."""
    max_arriving_bytes: int = setting(64 * 1024 * 1024, _positive)
    """The maximum size of all requests that are still arriving; a single request is always allowed."""
    receive_timeout: float = setting(10.0, _positive)
    """How long a request may take to arrive, in addition to its size at 32 kB a second."""
    keep: str = setting("local", _one_of("local", "shared", "off"))
    """Where answers are kept, so that they can be resumed: local (this machine), shared (several machines) or off."""
    keep_dir: str = ""
    """The folder of local; empty for imagewire/answers in the user's state directory (XDG_STATE_HOME)."""
    keep_redis: str = secret(_redis)
    """The Redis or Valkey of shared: a redis:// or rediss:// URL."""
    keep_objects: str = setting("", _objects)
    """The object store of shared: a URL of a folder (file://), S3 (s3://), Google Cloud (gs://) or Azure (az://)."""
    keep_ttl: float = setting(24 * 3600.0, _positive)
    """How long an answer is kept."""
    cache_ttl: float = setting(0.0, _not_negative)
    """How old a kept answer may be that is sent again to the same request of the same caller; 0 for never."""
    keep_max_bytes: int = setting(2 * 1024 * 1024 * 1024, _positive)
    """The maximum size of all kept answers; above it, the oldest are removed."""
    on_disconnect: str = setting("keep", _one_of("keep", "cancel"))
    """What happens to a drawing that nobody reads any more: keep (draw it to its end) or cancel."""
    max_unread_drawings: int = setting(64, _not_negative)
    """The maximum number of drawings that nobody reads any more; above it, they are cancelled."""
    max_concurrent_calls: int = setting(512, _positive)
    """The maximum number of running calls that draw; more are refused with RESOURCE_EXHAUSTED."""
    limits_redis: str = secret(_redis)
    """The Redis in which several processes count the limits and budgets of callers; empty for keep_redis, or none."""
    replicas: int = setting(1, _positive)
    """How many servers share the limits and budgets of callers, where no Redis counts them."""
    max_connections: int = setting(10_000, _positive)
    """The maximum number of connections of each API of a worker; more are closed."""
    max_streams_per_connection: int = setting(1024, _positive)
    """The maximum number of open gRPC calls on one connection; more are refused."""
    handshake_timeout: float = setting(10.0, _positive)
    """How long a new gRPC connection may take to start HTTP/2."""
    keepalive_interval: float = setting(60.0, _positive)
    """After how much silence a gRPC connection is pinged, to check whether its client is still there."""
    keepalive_timeout: float = setting(60.0, _positive)
    """How long the answer to a ping may take, and how long sent data may stay unread in the kernel."""
    # Proxies may ping every 3 s. gRPC's default of 300 s would close their connections, with calls that are paid for.
    min_ping_interval: float = setting(1.0, _positive)
    """How often a gRPC client may ping, also while no data is sent."""
    heartbeat_interval: float = setting(15.0, _positive)
    """After how much silence a stream sends a heartbeat."""
    stall_timeout: float = setting(60.0, _positive)
    """How long a client may leave an answer unread."""
    # Off by default: gRPC closes the socket directly after the last byte of the last call. Data that the client sends
    # at that moment resets the connection, and what it has not read is lost, although it was charged.
    max_connection_age: float = setting(0.0, _not_negative)
    """After what time, plus or minus a tenth, a gRPC client is asked to reconnect; 0 for never."""
    max_connection_age_grace: float = setting(3600.0, _positive)
    """How long calls may then stay on the old connection before they are cut."""
    orca: bool = False
    """Whether the trailers of gRPC calls tell how busy the process is, so that proxies can balance by it."""
    drain_delay: float = setting(5.0, _not_negative)
    """How long, after SIGTERM, health checks report NOT_SERVING while new calls are still served."""
    drain_grace: float = setting(30.0, _not_negative)
    """How long running calls may then take to finish, before they end in ABORTED."""
    otlp: str = setting("", lambda value: None if value in {"", "off"} else url(value))
    """Where spans and metrics go by OTLP over HTTP: a URL, off, or empty for what OTEL_EXPORTER_OTLP_ENDPOINT says."""
    trace_upstream: bool = False
    """Whether the provider gets the trace, the request id and the allowed baggage of each call, as headers."""
    baggage: str = setting("", _tokens)
    """The names of the caller's baggage that are logged and traced, separated by commas; empty for none."""
    log_level: str = setting("info", _one_of("debug", "info", "warning", "error"))
    """The lowest level that is logged."""
    strict: bool = False
    """Whether each warning about the configuration is an error."""

    @property
    def counting_redis(self) -> str:
        """The URL of the Redis that counts the limits of callers, "" if each process counts for itself."""
        return self.limits_redis or (self.keep_redis if self.keep == "shared" else "")

    def of(self, kind: type[_T]) -> _T:
        """The provider's own settings, with their dataclass."""
        return next((made for made in self.providers if isinstance(made, kind)), None) or kind()


def wrong_cache_ttl(value: float, given: Settings) -> str:
    """The error of a cache_ttl, "" if it goes with the other settings."""
    if value and given.keep == "off":
        return "needs kept answers: leave it out, or set keep to local or shared"
    if value > given.keep_ttl:
        return f"is {value:g} s, and answers are kept for {given.keep_ttl:g} s: lower it, or raise keep_ttl"
    return ""


Fields = Mapping[str, "dataclasses.Field[Any]"]


def fields(providers: Iterable[ProviderConfig]) -> Fields:
    """All settings by name: the server's own, and those of the providers."""
    found: dict[str, dataclasses.Field[Any]] = {}
    for own in dataclasses.fields(Settings):
        if own.name != "providers":
            found[own.name] = own
            continue
        for provider in providers:
            found |= {f.name: f for f in dataclasses.fields(provider.settings)} if provider.settings else {}
    return found


def made(given: Mapping[str, Any], providers: Iterable[ProviderConfig]) -> Settings:
    """Create the Settings from values by name."""
    left = dict(given)
    kinds = [provider.settings for provider in providers if provider.settings]
    others = tuple(
        kind(**{f.name: left.pop(f.name) for f in dataclasses.fields(kind) if f.name in left}) for kind in kinds
    )
    return Settings(**left, providers=others)
