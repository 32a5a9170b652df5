"""Where on one machine each address of the configuration files is: the only place in which they are changed.

The files name hosts by their services in docker-compose.yml, "collector:4318", and listen on 0.0.0.0. Here every
service is on 127.0.0.1, with a free port for each of its own.
"""

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

# The ports of each service, as the files have them.
PORTS = {
    "emulator": (8787,),
    "imagewire": (50051, 4000, 9464),
    "redis": (6379,),
    "collector": (4318, 8888),
    "envoy": (8080, 9901, 9902),
    "prometheus": (9090,),
}
_HOST = re.compile(rf"\b(0\.0\.0\.0|127\.0\.0\.1|{'|'.join(PORTS)}):(\d+)\b")
_ANY, _HERE = "0.0.0.0", "127.0.0.1"  # noqa: S104  # what the files say


class Places:
    """replicas: how many servers have the name "imagewire"."""

    def __init__(self, replicas: int) -> None:
        self.replicas = replicas
        wanted = [(name, port) for name, ports in PORTS.items() for port in ports]
        copies = {name: replicas if name == "imagewire" else 1 for name in PORTS}
        # All are taken at the same time, so that no two are the same.
        sockets = {one: [socket.create_server((_HERE, 0)) for _ in range(copies[one[0]])] for one in wanted}
        self._ports = {one: [taken.getsockname()[1] for taken in found] for one, found in sockets.items()}
        for found in sockets.values():
            for taken in found:
                taken.close()

    def of(self, name: str, port: int, replica: int = 0) -> str:
        """HOST:PORT of a service's port."""
        return f"{_HERE}:{self._ports[name, port][replica if name == 'imagewire' else 0]}"

    def all_of(self, port: int) -> list[str]:
        """HOST:PORT of each replica's port."""
        return [self.of("imagewire", port, replica) for replica in range(self.replicas)]

    def text(self, text: str, own: str, replica: int = 0, folders: Mapping[str, Path] | None = None) -> str:
        """A variable or a word of a command line of the service `own`. folders: by their names in the container."""
        if text == _ANY:  # the port is a word of its own
            return _HERE
        placed = _HOST.sub(lambda found: self._named(found[1], int(found[2]), own, replica), text)
        for name, folder in (folders or {}).items():
            placed = re.sub(rf"(?<![\w.]){re.escape(name)}(?=/|$)", str(folder), placed)
        return placed

    def file(self, path: Path, own: str) -> str:
        """A configuration file of the service `own`, with the same content but for the addresses."""
        config = yaml.safe_load(path.read_text())
        return yaml.safe_dump(self._value(config, own), sort_keys=False)

    def _named(self, host: str, port: int, own: str, replica: int = 0) -> str:
        return self.of(own if host in {_ANY, _HERE} else host, port, replica)

    def _value(self, value: Any, own: str, replica: int = 0) -> Any:
        if isinstance(value, str):
            return self.text(value, own, replica)
        if isinstance(value, list):
            return [self._value(item, own, replica) for item in value]
        if not isinstance(value, dict):
            return value
        for host, port in (("address", "port_value"), ("host", "port")):
            if host in value and port in value:
                placed, _, number = self._named(value[host], int(value[port]), own, replica).rpartition(":")
                return value | {host: placed, port: int(number)}
        found = {key: self._value(item, own, replica) for key, item in value.items()}
        # DNS would tell the addresses of all replicas.
        if "lb_endpoints" in value and "imagewire" in str(value["lb_endpoints"]):
            (endpoint,) = value["lb_endpoints"]
            found["lb_endpoints"] = [self._value(endpoint, own, number) for number in range(self.replicas)]
        for discovery in found.pop("dns_sd_configs", ()):
            assert discovery["names"] == ["imagewire"]
            found["static_configs"] = [{"targets": self.all_of(discovery["port"])}]
        return found
