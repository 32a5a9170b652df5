"""Two callers of one server: nothing of the first, prompt or key, reaches the second, the log or the metrics."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire_emulator.scenarios import SCENARIOS
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.effort import thorough
from tests.integration import processes
from tests.integration.canary import ECHOES, bad_requests, echo, wrong_keys
from tests.integration.processes import Program
from tests.upstream import answering

pytestmark = pytest.mark.system

FIRST, SECOND = "CANARY-prompt-of-the-first", "a picture for the second"
MASTER = "CANARY-master-key"
WRONG = "CANARY-wrong-key"
UPSTREAM = "CANARY-upstream-key"
SCRAPE = "CANARY-metrics-key"
KEYS = (MASTER, WRONG, UPSTREAM, SCRAPE)
AT_ONCE = 8


class Heard:
    """What one caller was told: answers, headers, details, whatever."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, *things: object) -> None:
        # What is looked for is ASCII; as Latin-1, bytes of any kind are text at once.
        self.texts += [thing.decode("latin-1") if isinstance(thing, bytes) else str(thing) for thing in things]

    def found(self, *secrets: str) -> set[tuple[str, str]]:
        return {
            (secret, text[max(text.find(secret) - 200, 0) :][:400])
            for text in self.texts
            for secret in secrets
            if secret in text
        }


Door = Callable[["Callers", str, str, Heard], Awaitable[None]]


class Callers:
    """The ways to ask a server."""

    def __init__(self, server: Program, channel: grpc.aio.Channel, rest: httpx.AsyncClient) -> None:
        self.server = server
        self.rest = rest
        self.chat: Any = chat_service_pb2_grpc.ChatServiceStub(channel)
        self.models: Any = model_service_pb2_grpc.ModelServiceStub(channel)
        self.metadata = (("authorization", f"Bearer {MASTER}"),)

    async def unary(self, model: str, prompt: str, heard: Heard) -> None:
        asked = pb.CreateCompletionRequest(spec=spec(model, prompt), max_inline_bytes=64 * 1024 * 1024)
        with _failing(heard):
            call = self.chat.CreateCompletion(asked, metadata=self.metadata)
            answer = await call
            for candidate in answer.candidates:
                # As bytes: protobuf's text of a picture takes most of the test's time.
                for place in (candidate.message, *candidate.message.parts):
                    heard.add(place.image.data)
                    place.image.ClearField("data")
            heard.add(answer, await call.initial_metadata(), await call.trailing_metadata())

    async def stream(self, model: str, prompt: str, heard: Heard) -> None:
        asked = pb.StreamCompletionRequest(spec=spec(model, prompt))
        with _failing(heard):
            call = self.chat.StreamCompletion(asked, metadata=self.metadata)
            async for event in call:
                if not event.HasField("image_chunk"):
                    heard.add(event)
            heard.add(await call.initial_metadata(), await call.trailing_metadata())

    async def rest_chat(self, model: str, prompt: str, heard: Heard) -> None:
        await self._post("chat/completions", heard, model=model, messages=[{"role": "user", "content": prompt}])

    async def rest_stream(self, model: str, prompt: str, heard: Heard) -> None:
        messages = [{"role": "user", "content": prompt}]
        await self._post("chat/completions", heard, model=model, messages=messages, stream=True)

    async def rest_images(self, model: str, prompt: str, heard: Heard) -> None:
        await self._post("images/generations", heard, model=model, prompt=prompt)

    async def rest_responses(self, model: str, prompt: str, heard: Heard) -> None:
        await self._post("responses", heard, model=model, input=prompt)

    async def _post(self, path: str, heard: Heard, **body: object) -> None:
        headers = {"authorization": f"Bearer {MASTER}"}
        answer = await self.rest.post(f"/v1/{path}", json=body, headers=headers)
        heard.add(answer.status_code, answer.headers, answer.content)

    async def look_around(self, heard: Heard) -> None:
        """What anybody may ask who has the key."""
        heard.add(await self.models.ListModels(pb.ListModelsRequest(), metadata=self.metadata))
        for path in ("/metrics", "/health", "/health/readiness", "/v1/models", "/model/info", "/", "/docs"):
            answer = await self.rest.get(path, headers={"authorization": f"Bearer {MASTER}"})
            heard.add(answer.headers, answer.content)


DOORS: dict[str, Door] = {
    "CreateCompletion": Callers.unary,
    "StreamCompletion": Callers.stream,
    "chat": Callers.rest_chat,
    "chat stream": Callers.rest_stream,
    "images": Callers.rest_images,
    "responses": Callers.rest_responses,
}


@contextlib.contextmanager
def _failing(heard: Heard) -> Iterator[None]:
    try:
        yield
    except grpc.aio.AioRpcError as error:
        heard.add(error, error.initial_metadata(), error.trailing_metadata())


@contextlib.asynccontextmanager
async def served(tmp_path: Path) -> AsyncIterator[tuple[Callers, Heard]]:
    """A server of every accident, and what it logs, all of it once it has ended."""
    log = Heard()
    async with answering(echo) as url:
        params = {f"accident-{name}": {"model": f"gemini/emulator-{name}"} for name in SCENARIOS}
        params |= {f"echo-{name}": {"model": "gemini/m", "api_base": f"{url}/{name}"} for name in ECHOES}
        models = [
            {
                "model_name": name,
                "litellm_params": {**given, "api_key": UPSTREAM if "api_base" in given else "emulator-key"},
            }
            for name, given in params.items()
        ]
        file = tmp_path / "config.yaml"
        config = {"model_list": models, "general_settings": {"master_key": MASTER}}
        file.write_text(json.dumps({**config, "router_settings": {"allowed_fails": 0, "num_retries": 0}}))
        times = {
            "idle_timeout": "0.5",
            "first_byte_timeout": "1",
            "max_answer_bytes": "16000000",
            "metrics_key": SCRAPE,
        }
        with (
            processes.emulator() as emulator,
            processes.server(emulator.address, "--config", str(file), log_level="debug", **times) as server,
        ):
            options = [("grpc.max_receive_message_length", -1)]
            async with (
                grpc.aio.insecure_channel(server.address, options=options) as channel,
                httpx.AsyncClient(base_url=server.rest, trust_env=False, timeout=60) as rest,
            ):
                yield Callers(server, channel, rest), log
            server.ask_to_stop()
            await asyncio.to_thread(server.process.wait, 20)
        while not server.lines.empty():
            log.add(server.lines.get())


@pytest.mark.parametrize("door", DOORS)
async def test_d10_nothing_of_one_caller_reaches_another(tmp_path: Path, door: str) -> None:
    ask = DOORS[door]
    first, second = Heard(), Heard()
    places = asyncio.Semaphore(AT_ONCE)
    names = [f"accident-{name}" for name in sorted(SCENARIOS)] + [f"echo-{name}" for name in ECHOES]
    if not thorough():  # each by two doors of six
        names = names[list(DOORS).index(door) % 3 :: 3]

    async def both(callers: Callers, name: str) -> None:
        async with places:
            await ask(callers, name, FIRST, first)
            await ask(callers, name, SECOND, second)

    async with served(tmp_path) as (callers, log):
        await asyncio.gather(*(both(callers, name) for name in names))
        await callers.look_around(second)
    assert second.found(FIRST, *KEYS) == set()
    assert log.found(FIRST, SECOND, *KEYS) == set()
    # The first caller is told its own words where the provider quotes them, but nobody's key.
    assert first.found(*KEYS) == set()
    logged = [json.loads(text) for text in log.texts]
    assert len([line for line in logged if line["event"] == "call" and line["model"]]) >= len(names)


async def test_d6_what_a_caller_sends_by_mistake_is_in_no_line_of_the_log_and_no_metric(tmp_path: Path) -> None:
    heard, seen = Heard(), Heard()
    async with served(tmp_path) as (callers, log):
        for secret in (FIRST, WRONG):
            for bad in bad_requests(secret).values():
                headers = {"authorization": f"Bearer {MASTER}", **dict(bad.headers)}
                answer = await callers.rest.request(bad.method, bad.path, content=bad.body, headers=headers)
                assert answer.status_code >= 400
                heard.add(answer.headers, answer.content)
            keys = [("authorization", key) for key in (secret, f"Bearer {secret}", f"Basic {secret}", SCRAPE)]
            for key in (*keys, *wrong_keys(secret)):
                with _failing(heard):
                    asked = pb.CreateCompletionRequest(spec=spec("echo-400", secret))
                    await callers.chat.CreateCompletion(asked, metadata=(key, ("x-request-id", f"{secret} !")))
            await callers.rest.get("/metrics", headers={"authorization": f"Bearer {SCRAPE}"})
            unknown = pb.CreateCompletionRequest.FromString(b"\xfa\x7f" + bytes([len(secret)]) + secret.encode())
            wrong = pb.CreateCompletionRequest(spec=spec(secret, secret, labels={secret: secret}, service_tier=secret))
            for request in (
                unknown,
                wrong,
                pb.CreateCompletionRequest(spec=spec("echo-400", secret, labels={"": secret})),
            ):
                with _failing(heard):
                    await callers.chat.CreateCompletion(request, metadata=callers.metadata)
        await callers.look_around(seen)
    assert seen.found(FIRST, *KEYS) == set()
    assert log.found(FIRST, *KEYS) == set()
    assert heard.found(MASTER, UPSTREAM, SCRAPE) == set()
