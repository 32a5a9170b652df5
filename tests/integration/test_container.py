"""The container's files: valid by their own tools, and their commands run as processes, for no engine is at hand."""

import json
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

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# What stands in each stage.
STAGES = dict(re.findall(r"^FROM \S+ AS (\w+)$(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_the_compose_file_is_one() -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_dockerfile_pleases_its_linter() -> None:
    linted = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


def test_what_the_dockerfile_copies_is_there_and_it_runs_as_nobody_special() -> None:
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / name).exists() for name in line.split()[:-1]), line
    assert re.search(r"^USER [1-9]\d*$", DOCKERFILE, re.MULTILINE)


def test_the_image_is_built_of_what_is_pinned() -> None:
    (base,) = re.findall(r"^ARG BASE=(.+)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim@sha256:[0-9a-f]{64}", base)
    bases = {line.split()[1] for line in DOCKERFILE.splitlines() if line.startswith("FROM")}
    assert bases == {"${BASE}", "runtime"}
    for command in re.findall(r"pip (?:install|wheel) [^&\n]+", DOCKERFILE):
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


def test_the_replicas_settings_are_right_and_name_the_services_beside_them() -> None:
    services = COMPOSE["services"]
    given = services["replica"]["environment"]
    settings = load(None, {**given, "GEMINI_API_KEY": "key"}).settings
    assert settings.keep == "shared"
    hosts = {urlsplit(settings.keep_redis).hostname, urlsplit(given["AWS_ENDPOINT_URL"]).hostname}
    assert hosts == set(services["replica"]["depends_on"]) == {"redis", "objects"}
    owner = services["objects"]["environment"]
    assert (owner["MINIO_ROOT_USER"], owner["MINIO_ROOT_PASSWORD"]) == (
        given["AWS_ACCESS_KEY_ID"],
        given["AWS_SECRET_ACCESS_KEY"],
    )
    assert f"/data/{urlsplit(settings.keep_objects).netloc} " in services["objects"]["entrypoint"][-1]


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


def instruction(stage: str, name: str) -> list[str]:
    """What runs by ENTRYPOINT, CMD or HEALTHCHECK, in its JSON form."""
    found = re.findall(rf"^{name} [^\[]*(\[.+\])$", STAGES[stage].replace("\\\n", ""), re.MULTILINE)
    words: list[str] = json.loads(found[0])
    return words


def test_the_image_is_the_servers_unless_another_stage_is_named() -> None:
    assert list(STAGES)[-1] == "server"


def test_the_demo_profiles_commands_serve_a_picture(tmp_path: Path, ports: dict[str, str]) -> None:
    running = []
    image = dict(re.findall(r"(IMAGEWIRE_\w+)=(\S+)", STAGES["server"]))  # of ENV
    try:
        for name, stage in (("emulator", "emulator"), ("demo", "server")):
            service = COMPOSE["services"][name]
            assert service["build"] in (".", {"context": ".", "target": stage})
            program, *words = [*instruction(stage, "ENTRYPOINT"), *instruction(stage, "CMD")]
            given = {**image, **service.get("environment", {}), "IMAGEWIRE_DRAIN_DELAY": "0"}
            environ = {key: here(value, ports) for key, value in given.items()}
            command = [BIN / program, *(here(word, ports) for word in words)]
            if stage == "emulator":
                command += ["--port", ports["8787"]]
            running.append(subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        target = f"127.0.0.1:{ports['50051']}"
        checks = {stage: instruction(stage, "HEALTHCHECK") for stage in ("emulator", "server")}
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
