"""LiteLLM's proxy, the newest, with the production settings of its own documentation, without a database."""

import sys
from pathlib import Path

from bench.job import Job
from bench.peers.base import KEY, Command, Peer, Place, chat, run
from bench.pictures import Ask

# One file for LiteLLM and imagewire: it is LiteLLM's own format.
CONFIG = """\
model_list:
  - model_name: "bench-*"
    litellm_params:
      model: "gemini/bench-*"
      api_base: "{upstream}"
      api_key: bench
general_settings:
  master_key: {key}
"""


def write_config(place: Place) -> Path:
    """The configuration, with the upstream's address in it."""
    path = place.folder / "config.yaml"
    path.write_text(CONFIG.format(upstream=place.upstream, key=KEY))
    return path


class LiteLLM(Peer):
    """litellm[proxy] in a venv of its own."""

    name = "LiteLLM"
    surfaces = ("REST unary", "REST stream")
    ready_path = "/health/liveliness"

    def install(self, folder: Path) -> None:
        """Make the venv and install."""
        if not (folder / "litellm/bin/litellm").exists():
            uv = str(Path(sys.executable).with_name("uv"))
            run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder / "litellm"))
            run(uv, "pip", "install", "--quiet", "--python", str(folder / "litellm/bin/python"), "litellm[proxy]")

    def version(self, folder: Path) -> str:
        """LiteLLM's and its Python's."""
        words = (
            "import importlib.metadata as m, platform; print(m.version('litellm'), 'Python', platform.python_version())"
        )
        return run(str(folder / "litellm/bin/python"), "-c", words).replace(" ", ", ", 1)

    def command(self, place: Place, folder: Path) -> Command:
        """One worker, quiet, in production mode."""
        return Command(
            [
                *(str(folder / "litellm/bin/litellm"), "--config", str(write_config(place))),
                *("--host", "127.0.0.1", "--port", str(place.ports[0]), "--num_workers", "1"),
            ],
            {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR"},
        )

    def job(self, surface: str, ask: Ask, place: Place) -> Job:
        """A chat completion."""
        headers = {"authorization": f"Bearer {KEY}"}
        return chat(ask, place, stream=surface == "REST stream", shape="images", headers=headers)
