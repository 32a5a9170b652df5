"""No key, token or prompt in any log, error, trailer, check output or exception: canaries in all of them."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire_emulator.scenarios import SCENARIOS
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.integration import processes
from tests.integration.token_server import PRIVATE_KEY, token_server

pytestmark = pytest.mark.system

PROMPT = "CANARY-prompt"
MASTER = "CANARY-master"
WRONG_KEY = "CANARY-gemini-key"
# A picture's worth of trouble is enough of each; these would only take time.
_SLOW = {"silent", "stuck", "bomb", "latency", "latency-realistic", "drip", "4k"}


async def test_no_secret_comes_out_anywhere(tmp_path: Path) -> None:
    secrets = [PROMPT, MASTER, WRONG_KEY, "emulator-key", "emulator-token", PRIVATE_KEY.splitlines()[5]]
    heard: list[str] = []
    async with token_server() as tokens:
        scenarios = sorted(set(SCENARIOS) - _SLOW)
        models = [
            {"model_name": name, "litellm_params": {"model": f"gemini/emulator-{name}", "api_key": "emulator-key"}}
            for name in scenarios
        ]
        models.append({"model_name": "wrong", "litellm_params": {"model": "gemini/m", "api_key": WRONG_KEY}})
        service_account = json.loads(tokens.service_account())
        for name in ("vertex-503", "vertex-leak", "vertex-two-images"):
            params = {
                "model": f"vertex_ai/emulator-{name.removeprefix('vertex-')}",
                "vertex_project": "p",
                "vertex_credentials": service_account,
            }
            models.append({"model_name": name, "litellm_params": params})
        file = tmp_path / "config.yaml"
        file.write_text(json.dumps({"model_list": models, "general_settings": {"master_key": MASTER}}))
        checking = [sys.executable, "-m", "imagewire_server", "check", "--config", str(file)]
        checked = await asyncio.to_thread(
            subprocess.run, checking, capture_output=True, text=True, check=True, env={**os.environ}
        )
        heard += [checked.stdout, checked.stderr]
        with (
            processes.emulator() as emulator,
            processes.server(emulator.address, "--config", str(file), log_level="debug") as server,
        ):
            metadata = (("authorization", f"Bearer {MASTER}"),)
            async with grpc.aio.insecure_channel(server.address) as channel:
                stub = chat_service_pb2_grpc.ChatServiceStub(channel)
                at_once = asyncio.Semaphore(8)

                async def ask(model: str, given: Any) -> None:
                    async with at_once:
                        request = pb.StreamCompletionRequest(spec=spec(model, PROMPT))
                        try:
                            async for event in stub.StreamCompletion(request, metadata=given):
                                # A picture as bytes: protobuf's text of it takes most of the test's time.
                                heard.append(event.image_chunk.data.decode("latin-1"))
                                if event.HasField("image_chunk"):
                                    event.image_chunk.ClearField("data")
                                heard.append(str(event))  # what came before a failure too
                        except grpc.aio.AioRpcError as error:
                            heard.append(repr(error) + str(error.trailing_metadata()))

                names = [str(entry["model_name"]) for entry in models]
                await asyncio.gather(*(ask(name, given) for name in names for given in (metadata, ())))
                listed = await model_service_pb2_grpc.ModelServiceStub(channel).ListModels(
                    pb.ListModelsRequest(), metadata=metadata
                )
                heard.append(str(listed))
            server.ask_to_stop()
            await asyncio.to_thread(server.process.wait, 20)
        logged = []
        while not server.lines.empty():
            logged.append(server.lines.get())
    calls = [line for line in logged if line.startswith("{") and json.loads(line).get("event") == "call"]
    assert len(calls) >= 2 * len(models)
    heard += logged
    found = {secret for secret in secrets for text in heard if secret in text}
    assert found == set()
