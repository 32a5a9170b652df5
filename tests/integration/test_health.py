"""`imagewire-server health`: it asks where the same settings would serve, and its exit code tells."""

import asyncio
import os
import sys
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health import aio as health_aio

from imagewire_server.api.grpc.health_probe import reachable
from tests import forked
from tests.integration import processes


def health(*arguments: str, **environ: str) -> tuple[int, str]:
    """Exit code, and what was said."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("IMAGEWIRE_")}
    ended = forked.run(
        [sys.executable, "-m", "imagewire_server", "health", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**clean, **environ},
        check=False,
    )
    return ended.returncode, (ended.stdout + ended.stderr).strip()


def test_it_follows_the_file_the_environment_and_the_flag(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    with processes.emulator() as emulator, processes.server(emulator.address) as server:
        port = server.address.rpartition(":")[2]
        file.write_text(f"imagewire:\n  grpc: {server.address}\n")
        assert health("--config", str(file)) == (0, "SERVING")
        code, said = health(
            IMAGEWIRE_GRPC=f"0.0.0.0:{port}", IMAGEWIRE_PLAINTEXT="anywhere", https_proxy="http://127.0.0.1:1"
        )
        assert (code, said.splitlines()[0]) == (0, "SERVING")
        assert "IMAGEWIRE_MASTER_KEY" in said  # a warning: others may draw there
        assert health("--target", server.address, IMAGEWIRE_GRPC="127.0.0.1:1") == (0, "SERVING")
    code, said = health("--config", str(file))
    assert code == 1
    assert server.address in said


def test_a_server_that_stops_is_not_serving() -> None:
    with processes.emulator() as emulator, processes.server(emulator.address, drain_delay="3600") as server:
        server.ask_to_stop()
        server.log_line("stopping")
        assert health("--target", server.address) == (1, "NOT_SERVING")
        server.interrupt()


def test_a_wrong_setting_is_no_answer(tmp_path: Path) -> None:
    code, said = health("--config", str(tmp_path / "none.yaml"))
    assert (code, "none.yaml" in said) == (2, True)
    assert health(IMAGEWIRE_GRPC="nowhere")[0] == 2


async def test_a_unix_socket_is_asked_there(tmp_path: Path) -> None:
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(health_aio.HealthServicer(), server)
    server.add_insecure_port(f"unix:{tmp_path / 'grpc'}")
    await server.start()
    try:
        assert await asyncio.to_thread(health, IMAGEWIRE_GRPC=f"unix:{tmp_path / 'grpc'}") == (0, "SERVING")
    finally:
        await server.stop(None)


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("0.0.0.0:50051", "127.0.0.1:50051"),
        ("[::]:50051", "[::1]:50051"),
        ("10.0.0.7:50051", "10.0.0.7:50051"),
        ("localhost:1", "localhost:1"),
        ("unix:/run/imagewire", "unix:/run/imagewire"),
    ],
)
def test_all_of_a_machines_addresses_are_asked_at_loopback(address: str, target: str) -> None:
    assert reachable(address) == target
