"""A provider is a folder and one line: the toy of tests/toy_provider draws by every API."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import httpx
import pytest
from aiohttp import web
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire_server import bootstrap
from imagewire_server.config.load import Config, load
from imagewire_server.config.schema import schema
from imagewire_server.config.source import ConfigError
from imagewire_server.contract import pb
from imagewire_server.providers.registry import PACKAGES, provider_configs, registered, table
from tests.conftest import spec
from tests.upstream import answering

WITH_TOY = (
    *PACKAGES,
    "tests.toy_provider",
)  # fmt: skip
PICTURE = bytes(range(256)) * 300
FILE = """
model_list:
  - model_name: painter
    litellm_params:
      model: toy/easel-1
      toy_token: os.environ/TOKEN
      toy_palette: warm
  - model_name: toy/*
    litellm_params: {model: toy/*, toy_token: t}
imagewire:
  toy_url: URL
  grpc: 127.0.0.1:0
  rest: 127.0.0.1:0
  models:
    - {id: toy/easel-2, image_sizes: ["512"], max_input_images: 1}
    - {id: gemini/another, image_sizes: [1K]}
"""


def read(text: str, path: Path, environ: dict[str, str] | None = None) -> Config:
    path.write_text(text)
    return load(provider_configs(WITH_TOY), path, {"TOKEN": "secret-token"} if environ is None else environ)


class Easel(NamedTuple):
    """A server in front of the toy's upstream, and what that was asked."""

    asked: list[Any]
    channel: grpc.aio.Channel
    rest: httpx.AsyncClient

    @property
    def chat(self) -> Any:
        return chat_service_pb2_grpc.ChatServiceStub(self.channel)


@asynccontextmanager
async def serving(path: Path) -> AsyncIterator[Easel]:
    asked: list[Any] = []

    async def paint(request: web.Request) -> web.StreamResponse:
        asked.append((request.path, request.headers["x-toy-token"], json.loads(await request.text())))
        answer = web.StreamResponse()
        await answer.prepare(request)
        half = len(PICTURE) // 2
        for line in (
            {"say": "Here you are"},
            {"strip": PICTURE[:half].hex(), "last": False},
            {"strip": PICTURE[half:].hex(), "last": True},
            {"done": "painted"},
        ):
            await answer.write(json.dumps(line).encode() + b"\n")
        return answer

    async with answering(paint) as url:
        config = await asyncio.to_thread(read, FILE.replace("URL", url), path)
        async with bootstrap.server(config, providers=registered(WITH_TOY)) as server:
            grpc_at, rest_at = await server.grpc.start(), await server.rest.start()
            try:
                async with (
                    grpc.aio.insecure_channel(f"127.0.0.1:{grpc_at}") as channel,
                    httpx.AsyncClient(base_url=f"http://127.0.0.1:{rest_at}", trust_env=False, timeout=30) as client,
                ):
                    yield Easel(asked, channel, client)
            finally:
                await asyncio.gather(server.grpc.drain(), server.rest.drain())


@pytest.fixture
async def easel(tmp_path: Path) -> AsyncIterator[Easel]:
    async with serving(tmp_path / "config.yaml") as made:
        yield made


def painted(edge: str) -> Any:
    wish = {"easel": "easel-1", "wish": ["A banana"], "edge": edge, "shape": "1:1", "palette": "warm"}
    return [("/paint", "secret-token", wish)]


async def test_it_draws_unary_and_says_what_it_cost(easel: Easel) -> None:
    asked = pb.CreateCompletionRequest(spec=spec("painter", image_config=pb.ImageConfig(image_size="2K")))
    answer = await easel.chat.CreateCompletion(asked)
    (candidate,) = answer.candidates
    assert (answer.model, candidate.native_finish_reason) == ("toy/easel-1", "painted")
    assert (candidate.message.image.data, candidate.message.image.mime_type) == (PICTURE, "image/x-toy-strips")
    assert answer.usage.cost_nano_usd == 250_000_000
    assert easel.asked == painted("2K")


async def test_it_draws_in_a_stream(easel: Easel) -> None:
    asked = pb.StreamCompletionRequest(spec=spec("painter"), max_frame_bytes=16 * 1024)
    events = [event async for event in easel.chat.StreamCompletion(asked)]
    chunks = [event.image_chunk for event in events if event.HasField("image_chunk")]
    assert b"".join(chunk.data for chunk in chunks) == PICTURE
    assert max(len(chunk.data) for chunk in chunks) <= 16 * 1024
    assert events[-1].finished.usage.cost_nano_usd == 40_000_000
    assert easel.asked == painted("512")


async def test_it_draws_by_rest(easel: Easel) -> None:
    body = {"model": "painter", "messages": [{"role": "user", "content": "A banana"}]}
    answer = await easel.rest.post("/v1/chat/completions", json=body)
    url = f"data:image/x-toy-strips;base64,{base64.b64encode(PICTURE).decode()}"
    assert answer.json()["choices"][0]["message"]["images"][0]["image_url"]["url"] == url
    assert (answer.json()["usage"]["cost"], answer.headers["x-litellm-response-cost"]) == (0.04, "0.04")
    made = await easel.rest.post("/v1/images/generations", json={"model": "painter", "prompt": "A banana"})
    assert made.json()["data"][0]["b64_json"] == base64.b64encode(PICTURE).decode()
    assert easel.asked == painted("512") * 2


async def test_it_is_listed(easel: Easel) -> None:
    models = model_service_pb2_grpc.ModelServiceStub(easel.channel)
    listed = (await models.ListModels(pb.ListModelsRequest())).models
    assert [model.name for model in listed] == ["painter", "toy/easel-1", "toy/easel-2"]
    assert {(model.provider, model.native_id, model.max_input_images) for model in listed} == {
        ("toy", "easel-1", 1),
        ("toy", "easel-2", 1),
    }
    assert list(listed[0].image_sizes.values) == ["512", "2K"]
    assert not listed[0].HasField("price")  # the contract's price is one by token
    entries = (await easel.rest.get("/v1/models")).json()["data"]
    assert [(entry["id"], entry["owned_by"], entry["image_sizes"]) for entry in entries] == [
        ("painter", "toy", ["512", "2K"]),
        ("toy/easel-1", "toy", ["512", "2K"]),
        ("toy/easel-2", "toy", ["512"]),
    ]


async def violations(call: Any) -> list[tuple[str, str]]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    status = rpc_status.from_call(refused.value)
    assert status is not None
    bad = error_details_pb2.BadRequest()
    assert any(detail.Unpack(bad) for detail in status.details)
    return [(found.field, found.description) for found in bad.field_violations]


async def test_what_it_lacks_is_refused_by_the_callers_name(easel: Easel) -> None:
    asked = spec("painter", image_config=pb.ImageConfig(image_size="4K"), labels={"a": "b"})
    assert await violations(easel.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked))) == [
        ("spec.image_config.image_size", '"4K" is not taken by painter; use 512, 2K'),
        ("spec.labels", "is not taken by the toy; leave it out"),
    ]
    body = {"model": "painter", "messages": [{"role": "user", "content": "A banana"}]}
    for wrong, field in (
        ({"image_config": {"imageSize": "4K"}}, "image_config.imageSize"),
        ({"size": "9000x100"}, "size"),
        ({"reasoning_effort": "high"}, "reasoning_effort"),
    ):
        refused = await easel.rest.post("/v1/chat/completions", json={**body, **wrong})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, field)
    assert easel.asked == []


def test_its_keys_are_read_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    for before, after, line, words in (
        ("toy_token: os", "toy_tokn: os", 5, "toy_token is missing; add it, or set TOY_TOKEN. "),
        ("toy_palette: warm", "toy_palette: blue", 7, "toy_palette must be one of grey, warm, not 'blue'"),
        ("toy_token: os.environ/TOKEN", "weight: 1", 5, "toy_token is missing; add it, or set TOY_TOKEN"),
        ("toy_url: http://x", "toy_url: nowhere", 11, "toy_url must start with https:// or http://"),
        ("toy_url: http://x", "toy_ulr: http://x", 11, "unknown key 'toy_ulr' in imagewire; did you mean 'toy_url'?"),
    ):
        with pytest.raises(ConfigError) as refused:
            read(FILE.replace("URL", "http://x").replace(before, after), file)
        assert str(refused.value).startswith(f"{file}:{line}: {words}"), refused.value
    text = "model_list: [{model_name: a, litellm_params: {model: gemini/m, api_key: k, toy_token: t}}]"
    (told,) = read(text, file).warnings
    assert told.startswith(f"{file}:1: unknown key 'toy_token' in litellm_params; ")
    for before, after, words in (
        ("toy/easel-1", "tyo/easel-1", "1 model of another provider, skipped: painter (tyo/easel-1)"),
        ("toy_palette: warm", "timeout: 5", "unknown key 'timeout' in litellm_params; "),
        ("toy_palette: warm", "extra_headers: {a: b}", "unknown key 'extra_headers' in litellm_params; "),
        ("toy_palette: warm", "vertex_project: p", "unknown key 'vertex_project' in litellm_params; "),
    ):
        told = read(FILE.replace("URL", "http://x").replace(before, after), file).warnings
        assert any(words in one for one in told), told
    misspelled = FILE.replace("URL", "http://x").replace("toy_token: os", "toy_tokn: os")
    with pytest.raises(ConfigError, match="unknown key 'toy_tokn' in litellm_params; did you mean 'toy_token'"):
        read(misspelled, file)


def test_its_variable_serves_all_its_models(tmp_path: Path) -> None:
    config = load(provider_configs(WITH_TOY), None, {"TOY_TOKEN": "t"})
    assert [(made.name, made.provider, made.model) for made in config.deployments] == [
        ("toy/*", "toy", "*"),
        ("*", "toy", "*"),
    ]
    shown = "\n".join(table(read(FILE.replace("URL", "http://x"), tmp_path / "file"), {}, WITH_TOY))
    assert "toy/easel-1  id painter:toy:0" in shown
    assert "secret-token" not in shown
    made = schema(provider_configs(WITH_TOY))["properties"]
    keys = made["model_list"]["items"]["properties"]["litellm_params"]["properties"]
    palette = {"anyOf": [{"enum": ["grey", "warm"]}, {"type": "string", "pattern": "^os\\.environ/"}]}
    assert keys["toy_palette"] == {"anyOf": [palette, {"type": "null"}]}
    assert "toy_url" in made["imagewire"]["properties"]
