"""The real programs, started once: the emulator of Google's API and a server in front of it."""

import base64
import hashlib
import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image

from tests.integration import processes

MODEL = "gemini/gemini-2.5-flash-image"
ASK = [{"role": "user", "content": "Generate an image of a banana"}]


def needs(program: str) -> str:
    """The program's path; without it the test is skipped by name, and fails in CI."""
    found = shutil.which(program)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"needs {program}")
    return found


@dataclass(frozen=True)
class Rest:
    """Where the server is, and what the emulator behind it drew."""

    url: str
    emulator: str

    @property
    def v1(self) -> str:
        return f"{self.url}/v1"

    def drawn(self) -> list[str]:
        """The SHA-256 of the pictures of the emulator's last call."""
        return [image["sha256"] for image in processes.ledger(self.emulator)[-1]["images"]]

    def ever_drawn(self) -> set[str]:
        """The SHA-256 of every picture of the emulator's."""
        return {image["sha256"] for entry in processes.ledger(self.emulator) for image in entry["images"]}

    def calls(self) -> int:
        """How many calls the emulator has had."""
        return len(processes.ledger(self.emulator))

    def last_request(self) -> Any:
        """The body of the last call."""
        return processes.ledger(self.emulator)[-1]["body"]


@pytest.fixture(scope="session")
def rest() -> Iterator[Rest]:
    with processes.emulator() as emulator, processes.server(emulator.address, max_concurrent_calls="64") as server:
        yield Rest(server.rest, emulator.address)


def sha256_of(encoded: str) -> str:
    """The SHA-256 of a data: URL's or base64's picture, which must be a whole PNG."""
    data = base64.b64decode(encoded.rpartition(",")[2], validate=True)
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
    return hashlib.sha256(data).hexdigest()
