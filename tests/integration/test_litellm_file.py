"""A LiteLLM file on a running server: its warnings are logged once, its aliases and defaults are served."""

import json
import sys
from pathlib import Path

import httpx
import pytest

from tests import forked
from tests.integration import processes

pytestmark = pytest.mark.system

FILE = """\
model_list:
  - {model_name: gpt-4o, litellm_params: {model: openai/gpt-4o, api_key: os.environ/NOT_SET}}
  - model_name: draw
    litellm_params:
      {model: gemini/gemini-2.5-flash-image, modalities: [image], temperature: 0.25, stop: [END], max_retries: 3}
router_settings:
  model_group_alias: {pic: draw, secret: {model: draw, hidden: true}}
"""
WARNINGS = {
    "1 model of another provider, skipped: gpt-4o (openai/gpt-4o)",
    "litellm_params.max_retries is not supported",
}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_file_is_served_and_its_warnings_are_told_once(tmp_path: Path, workers: str) -> None:
    file, log = tmp_path / "config.yaml", tmp_path / "log"
    file.write_text(FILE)
    with (
        processes.emulator() as emulator,
        log.open("w") as stderr,
        processes.silent_server(
            emulator.address, stderr.fileno(), "--config", str(file), "--workers", workers
        ) as server,
        httpx.Client(base_url=server.rest, timeout=60) as client,
    ):
        listed = [model["id"] for model in client.get("/v1/models").json()["data"]]
        asked = {"model": "secret", "messages": [{"role": "user", "content": "A banana"}], "temperature": 1, "stop": []}
        answer = client.post("/v1/chat/completions", json=asked)
        (entry,) = processes.ledger(emulator.address)
    assert listed == ["draw", "pic"]
    assert (answer.status_code, answer.headers["x-imagewire-deployment"]) == (200, "draw:gemini:1")
    config = entry["body"]["generationConfig"]
    assert (config["responseModalities"], config["temperature"]) == (["IMAGE"], 1)
    assert "stopSequences" not in config
    told = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert {words: told.count(words) for words in WARNINGS} == dict.fromkeys(WARNINGS, 1)


def test_of_wildcards_the_most_specific_serves_alone_also_as_a_fallback(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("""\
model_list:
  - {model_name: "*", litellm_params: {model: "*"}}
  - {model_name: "gemini/*", litellm_params: {model: "gemini/*"}, model_info: {id: own}}
  - {model_name: broken, litellm_params: {model: gemini/emulator-503}}
router_settings: {num_retries: 0, fallbacks: [{broken: [gemini/gemini-2.5-flash-image]}]}
""")
    asked = {"messages": [{"role": "user", "content": "A banana"}]}
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, "--config", str(file)) as server,
        httpx.Client(base_url=server.rest, timeout=60) as client,
    ):
        used = [
            client.post("/v1/chat/completions", json={"model": model, **asked}).headers["x-imagewire-deployment"]
            for model in ("gemini/gemini-2.5-flash-image", "broken") * 6
        ]
        bare = client.post("/v1/chat/completions", json={"model": "gemini-2.5-flash-image", **asked})
    assert set(used) == {"own"}
    assert bare.headers["x-imagewire-deployment"] != "own"


def test_a_strict_server_does_not_start(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(FILE)
    command = [sys.executable, "-m", "imagewire_server", "serve", "--strict", "--config", str(file)]
    ended = forked.run(command, capture_output=True, text=True, env={"GEMINI_API_KEY": "k"}, check=False)
    assert ended.returncode == 2
    assert all(words in ended.stderr for words in WARNINGS)
