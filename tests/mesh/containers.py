"""docker-compose.yml as it stands: what runs in each container, with which variables and files of this repository."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests import dockerfile

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
# What the images of others run before the command. That of Valkey stands in the command.
_ENTRYPOINTS = {"envoy": "envoy", "redis": "", "collector": "otelcol", "prometheus": "prometheus", "grafana": "grafana"}


@dataclass(frozen=True)
class Container:
    """command: with the image's entrypoint. files: folders of this repository by where they are in the container.

    volumes: folders in the container that outlive it.
    """

    name: str
    command: list[str]
    environ: dict[str, str]
    files: dict[str, Path]
    volumes: list[str]


def container(name: str) -> Container:
    """A service of the file."""
    service = COMPOSE["services"][name]
    command, environ = list(service.get("command", ())), {}
    if "build" in service:
        stage = service["build"]["target"] if isinstance(service["build"], dict) else "server"
        command = dockerfile.instruction(stage, "ENTRYPOINT") + (command or dockerfile.instruction(stage, "CMD"))
        environ = dockerfile.environ(stage)
    elif _ENTRYPOINTS[name]:
        command.insert(0, _ENTRYPOINTS[name])
    files, volumes = {}, []
    for volume in service.get("volumes", ()):
        source, place, *_ = volume.split(":")
        if source.startswith("."):
            files[place] = ROOT / source
        else:
            volumes.append(place)
    return Container(name, command, environ | service.get("environment", {}), files, volumes)


def profile(name: str) -> set[str]:
    """The services of a profile."""
    return {service for service, given in COMPOSE["services"].items() if name in given["profiles"]}
