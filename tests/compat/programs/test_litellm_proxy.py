"""LiteLLM's own proxy and imagewire, from one file, before one emulator: the same requests get the same answers.

Where they differ, the case says what is different, and docs/litellm.md says so to its readers.
"""

import contextlib
import os
import random
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.compat.conftest import missing
from tests.compat.programs.litellm_answers import Answer, read
from tests.compat.programs.litellm_requests import CASES, FILE, Case
from tests.integration import processes

_KEY = "sk-same"
_AUTHORIZED = {"authorization": f"Bearer {_KEY}"}
_ROOT = Path(__file__).parents[3]
_LITELLM = _ROOT / ".venv-programs/bin/litellm"


@contextlib.contextmanager
def _client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers=_AUTHORIZED, timeout=60, trust_env=False) as made:
        yield made


def _free_port() -> int:
    """One that the system gives to nobody by itself: LiteLLM takes seconds until it listens."""
    while True:
        with (
            contextlib.suppress(OSError),
            socket.create_server(("127.0.0.1", random.randrange(20_000, 32_000))) as free,
        ):
            return int(free.getsockname()[1])


@contextlib.contextmanager
def _litellm(config: Path) -> Iterator[str]:
    """LiteLLM's proxy, as its documentation starts it."""
    port = _free_port()
    log = config.with_suffix(".log")
    with log.open("w") as file:
        process = subprocess.Popen(
            [_LITELLM, "--config", config, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"],
            stdout=file,
            stderr=file,
            cwd=config.parent,
            env={
                **os.environ,
                "GEMINI_API_KEY": "emulator-key",
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # it would fetch its prices
                "LITELLM_MODE": "PRODUCTION",
            },
        )
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=0)) as client:
            while process.poll() is None:
                with contextlib.suppress(httpx.TransportError, httpx.HTTPStatusError):
                    client.get(f"{url}/health/liveliness", timeout=60).raise_for_status()
                    break
        assert process.poll() is None, log.read_text()[-2000:]
        yield url
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def proxies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Clients of LiteLLM's proxy, and of imagewire."""
    if not _LITELLM.exists():
        missing("LiteLLM's proxy: run make interop, which installs it into .venv-programs")
    config = tmp_path_factory.mktemp("same") / "config.yaml"
    with processes.emulator() as emulator:
        config.write_text(FILE.format(upstream=emulator.address, key=_KEY))
        with (
            _litellm(config) as litellm,
            processes.server("http://127.0.0.1:9", "--config", str(config)) as server,
            _client(litellm) as theirs,
            _client(server.rest) as ours,
        ):
            yield theirs, ours


def _send(client: httpx.Client, case: Case) -> Answer:
    if case.files is None:
        answer = client.post(case.path, json=case.body, headers=case.headers)
    else:
        answer = client.post(case.path, data=case.body, files=case.files, headers=case.headers)
    return read(case.path, answer, stream=bool(case.body.get("stream")))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_same_answer(proxies: tuple[httpx.Client, httpx.Client], case: Case) -> None:
    theirs, ours = (_send(client, case)._asdict() for client in proxies)
    seen = {name: (theirs[name], ours[name]) for name in theirs if theirs[name] != ours[name]}
    assert set(seen) == set(case.differs), seen


def test_the_documentation_tells_of_each_difference() -> None:
    page = " ".join((_ROOT / "docs/litellm.md").read_text().split())
    missed = [words for case in CASES for words in case.differs.values() if words not in page]
    assert not missed
