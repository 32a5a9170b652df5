"""Stubs of ordinary generators, without options and without a client of ours, draw a picture in each language."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration import processes
from tests.stubs import languages

pytestmark = pytest.mark.timeout(600)  # A first run compiles gRPC.


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with processes.emulator() as program:
        yield program.address


@pytest.fixture(scope="module")
def target(emulator: str) -> Iterator[str]:
    with processes.server(emulator) as server:
        yield server.address


@pytest.mark.parametrize("language", [languages.go, languages.java, languages.node, languages.ruby])
def test_a_4k_picture_is_drawn_and_a_reason_read(
    language: Callable[[], list[str | Path]], target: str, emulator: str, tmp_path: Path
) -> None:
    command = language()
    file = tmp_path / "banana.png"
    whole, reason = languages.run(*command, target, file).splitlines()
    picture = file.read_bytes()
    (drawn,) = processes.ledger(emulator)[-2]["images"]
    assert hashlib.sha256(picture).hexdigest() == drawn["sha256"]
    assert whole == f"{len(picture)} bytes, sha256 {drawn['sha256']}"
    assert len(picture) > 17_000_000, "as large as Google's"
    assert reason == "ERROR_REASON_MODEL_NOT_FOUND"
