"""The real programs, started once: the emulator of Google's API and a server in front of it."""

import base64
import hashlib
import importlib
import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest
from PIL import Image

from tests.integration import processes

MODEL = "gemini/gemini-2.5-flash-image"
ASK = [{"role": "user", "content": "Generate an image of a banana"}]
TEXT = "Here's the image you requested:"
KEY = "sk-compat"
_LOCKED = f"""\
model_list:
  - model_name: gemini/*
    litellm_params:
      model: gemini/*
      api_key: os.environ/GEMINI_API_KEY
general_settings:
  master_key: {KEY}
"""
_NATIVE = f"""\
model_list:
  - model_name: PROVIDER/*
    litellm_params: {{model: PROVIDER/*, api_key: emulator-key}}
general_settings:
  master_key: {KEY}
"""


def missing(what: str) -> NoReturn:
    """End the test, or the module that is being imported: skipped by name, and failed in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"needs {what}")
    pytest.skip(f"needs {what}", allow_module_level=True)


def needs(program: str) -> str:
    """The program's path."""
    return shutil.which(program) or missing(program)


def package(name: str) -> Any:
    """The Python package. Some take seconds to load: then ask for it in a fixture."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # litellm would fetch its prices at import
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        missing(f"{name}: run make test, which installs requirements-compat.lock")


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


@pytest.fixture(scope="session")
def locked(rest: Rest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """Another server before the same emulator, which wants to be shown KEY."""
    config = tmp_path_factory.mktemp("locked") / "config.yaml"
    config.write_text(_LOCKED)
    with processes.server(rest.emulator, "--config", str(config)) as server:
        yield Rest(server.rest, rest.emulator)


@pytest.fixture(scope="session")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Base URLs for Google's own clients: `directly` is the emulator; `gemini` and `vertex` servers want KEY."""
    files = {}
    for provider in ("gemini", "vertex_ai"):
        files[provider] = tmp_path_factory.mktemp(provider) / "config.yaml"
        files[provider].write_text(_NATIVE.replace("PROVIDER", provider))
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, "--config", str(files["gemini"])) as gemini,
        processes.server(emulator.address, "--config", str(files["vertex_ai"])) as vertex,
    ):
        yield {"directly": emulator.address, "gemini": gemini.rest, "vertex": vertex.rest}


def sha256_of(encoded: str) -> str:
    """The SHA-256 of a data: URL's or base64's picture, which must be a whole PNG."""
    data = base64.b64decode(encoded.rpartition(",")[2], validate=True)
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
    return hashlib.sha256(data).hexdigest()
