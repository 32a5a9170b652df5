"""Our services by Connect and gRPC-Web on the REST port: the same answers as gRPC's."""

import gzip
import hashlib
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from google.protobuf import json_format

from imagewire_server.contract import pb
from imagewire_server.core import settle
from tests.conftest import Stack, running_stack
from tests.integration.connect_calls import (
    CONNECT,
    CONNECT_JSON,
    CREATE,
    IMAGES,
    JSON,
    MODEL,
    MODELS,
    PROTO,
    RESUME,
    STREAM,
    WEB,
    enveloped,
    messages,
    picture,
    spec,
)


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[Stack]:
    """A server that keeps what it draws."""
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path / "kept")) as made:
        yield made


@pytest.mark.parametrize("headers", [CONNECT, WEB, {"content-type": "application/grpc-web"}])
async def test_a_stream_carries_the_picture_that_was_drawn(rest: Stack, headers: dict[str, str]) -> None:
    asked = enveloped(pb.StreamCompletionRequest(spec=spec()))
    answer = await rest.rest.post(STREAM, content=asked, headers=headers)
    found, end = messages(answer)
    events = [pb.Event.FromString(data) for data in found]
    [drawn] = rest.emulator.ledger.entries[0].images
    assert hashlib.sha256(picture(events)).hexdigest() == drawn["sha256"]
    assert events[-1].HasField("finished")
    ident = answer.headers["x-request-id"]
    if headers is CONNECT:
        assert end["metadata"]["x-imagewire-request-id"] == [ident]
        assert end["metadata"]["x-imagewire-attempts"] == ["1"]
        assert "error" not in end
    else:
        assert (end["grpc-status"], end["x-imagewire-request-id"]) == ("0", ident)


async def test_a_stream_of_json_has_the_same_events(rest: Stack) -> None:
    asked = json.dumps({"spec": {"model": MODEL, "messages": [{"role": "ROLE_USER", "parts": [{"text": "a fox"}]}]}})
    answer = await rest.rest.post(STREAM, content=enveloped(asked.encode()), headers=CONNECT_JSON)
    found, end = messages(answer)
    assert "error" not in end
    kinds = [next(iter(set(json.loads(data)) - {"sequence"})) for data in found]
    assert kinds[0] == "started"
    assert kinds[-1] == "finished"
    assert "imageChunk" in kinds


@pytest.mark.parametrize("headers", [PROTO, WEB])
async def test_a_unary_answer_is_the_folded_stream(rest: Stack, headers: dict[str, str]) -> None:
    request = pb.CreateCompletionRequest(spec=spec())
    content = enveloped(request) if headers is WEB else request.SerializeToString()
    answer = await rest.rest.post(CREATE, content=content, headers=headers)
    if headers is WEB:
        [data], end = messages(answer)
        assert end["grpc-status"] == "0"
    else:
        data = answer.content
        assert answer.headers["trailer-x-imagewire-attempts"] == "1"
    made = pb.CreateCompletionResponse.FromString(data)
    [drawn] = rest.emulator.ledger.entries[0].images
    assert hashlib.sha256(made.candidates[0].message.image.data).hexdigest() == drawn["sha256"]


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        (JSON | {"content-encoding": "gzip"}, CREATE),
        (PROTO | {"content-encoding": "gzip"}, CREATE),
        (CONNECT | {"connect-content-encoding": "gzip"}, STREAM),
        (WEB | {"grpc-encoding": "gzip"}, STREAM),
    ],
    ids=["json", "proto", "connect stream", "grpc-web"],
)
async def test_a_request_may_be_compressed(rest: Stack, headers: dict[str, str], path: str) -> None:
    large = "x" * 20_000  # it is unpacked in a thread
    for prompt in ("a fox", large + random.randbytes(20_000).hex()):
        asked = pb.StreamCompletionRequest(spec=spec(prompt))
        text = json_format.MessageToJson(asked).encode() if headers["content-type"] == JSON["content-type"] else None
        packed = gzip.compress(text or asked.SerializeToString())
        content = enveloped(packed, 1) if path == STREAM else packed
        answer = await rest.rest.post(path, content=content, headers=headers)
        assert answer.status_code == 200, answer.text
        if path == STREAM:
            found, _ = messages(answer)
            assert picture([pb.Event.FromString(one) for one in found])
    [first, second] = rest.emulator.ledger.entries
    assert [len(str(entry.body)) > 50_000 for entry in (first, second)] == [False, True]


async def test_models_are_listed_with_the_servers_headers(rest: Stack) -> None:
    answer = await rest.rest.post(f"{MODELS}/ListModels", json={"pageSize": 1})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-imagewire-version"]
    [model] = answer.json()["models"]
    got = await rest.rest.post(f"{MODELS}/GetModel", json={"name": model["name"]})
    assert got.json()["model"] == model
    bare = await rest.rest.post(f"{MODELS}/ListModels", headers=PROTO)
    assert pb.ListModelsResponse.FromString(bare.content).models[0].name == model["name"]


async def test_a_kept_answer_is_resumed(keeping: Stack) -> None:
    asked = pb.StreamCompletionRequest(spec=spec(), request_id="order-1")
    drawn, _ = messages(await keeping.rest.post(STREAM, content=enveloped(asked), headers=CONNECT))
    again = enveloped(pb.ResumeCompletionRequest(request_id="order-1"))
    found, _ = messages(await keeping.rest.post(RESUME, content=again, headers=CONNECT))
    events = [pb.ResumeCompletionResponse.FromString(data).event for data in found]
    assert picture(events) == picture([pb.Event.FromString(data) for data in drawn])


async def test_pictures_are_uploaded_read_and_deleted(keeping: Stack) -> None:
    drawn, _ = messages(
        await keeping.rest.post(STREAM, content=enveloped(pb.StreamCompletionRequest(spec=spec())), headers=CONNECT)
    )
    data = picture([pb.Event.FromString(one) for one in drawn])
    parts = [
        pb.UploadImageRequest(
            image=pb.Image(mime_type="image/png", size_bytes=len(data), sha256=hashlib.sha256(data).digest())
        )
    ]
    parts += [
        pb.UploadImageRequest(chunk=pb.ImageData(offset=at, data=data[at : at + 100_000]))
        for at in range(0, len(data), 100_000)
    ]
    content = b"".join(map(enveloped, parts))
    [uploaded], end = messages(await keeping.rest.post(f"{IMAGES}/UploadImage", content=content, headers=CONNECT))
    assert "error" not in end
    ident = pb.UploadImageResponse.FromString(uploaded).image.image_id
    asked = enveloped(pb.DownloadImageRequest(image_id=ident))
    pieces, _ = messages(await keeping.rest.post(f"{IMAGES}/DownloadImage", content=asked, headers=WEB))
    assert b"".join(pb.DownloadImageResponse.FromString(one).chunk.data for one in pieces) == data
    deleted = await keeping.rest.post(f"{IMAGES}/DeleteImage", json={"imageId": ident}, headers=JSON)
    assert (deleted.status_code, deleted.json()) == (200, {})


@pytest.mark.parametrize("headers", [CONNECT, WEB])
async def test_an_upload_beyond_the_limit_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path), max_request_bytes=200_000) as stack:
        image = pb.Image(mime_type="image/png", size_bytes=300_000, sha256=bytes(32))
        parts = [enveloped(pb.UploadImageRequest(image=image))]
        parts += [
            enveloped(pb.UploadImageRequest(chunk=pb.ImageData(offset=at, data=bytes(100_000))))
            for at in range(0, 300_000, 100_000)
        ]
        path = f"{IMAGES}/UploadImage"
        found, end = messages(await stack.rest.post(path, content=b"".join(parts), headers=headers))
        assert found == []
        assert (end.get("error", {}).get("code"), end.get("grpc-status")) in {
            ("invalid_argument", None),
            (None, "3"),
        }
        image.size_bytes = 150_000
        small, whole = (
            pb.UploadImageRequest(image=image),
            pb.UploadImageRequest(chunk=pb.ImageData(data=bytes(200_001))),
        )
        content = enveloped(small) + enveloped(whole)
        _, end = messages(await stack.rest.post(path, content=content, headers=CONNECT))
        assert end["error"]["code"] == "resource_exhausted"


async def test_a_large_unary_answer_is_whole() -> None:
    prompt = "x-emulate: size=6MB"
    async with running_stack(rest=True) as stack:
        request = pb.CreateCompletionRequest(spec=spec(prompt), max_inline_bytes=32 * 1024 * 1024)
        answer = await stack.rest.post(CREATE, content=request.SerializeToString(), headers=PROTO)
        assert int(answer.headers["content-length"]) == len(answer.content) > 6_000_000
        assert pb.CreateCompletionResponse.FromString(answer.content).candidates


async def test_health_needs_no_key() -> None:
    async with running_stack(rest=True, master_key="sk-right") as stack:
        path = "/grpc.health.v1.Health/Check"
        assert (await stack.rest.post(path, json={})).json() == {"status": "SERVING"}
        of_chat = await stack.rest.post(path, json={"service": "imagewire.v1.ChatService"})
        assert of_chat.json() == {"status": "SERVING"}
        assert (await stack.rest.post(path, json={"service": "other"})).json()["code"] == "not_found"
        stack.server.rest.announce_stop()
        assert (await stack.rest.post(path, json={})).json() == {"status": "NOT_SERVING"}


async def test_a_call_is_counted_and_logged_as_grpcs_with_its_protocol(
    rest: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[dict[str, object]] = []
    log = SimpleNamespace(info=lambda _, **fields: lines.append(fields), debug=lambda *_, **__: None)
    monkeypatch.setattr(settle, "_log", log)
    asked = enveloped(pb.StreamCompletionRequest(spec=spec()))
    answer = await rest.rest.post(STREAM, content=asked, headers=WEB | {"x-request-id": "order-7"})
    assert answer.headers["x-request-id"] == "order-7"
    [line] = lines
    assert (line["method"], line["code"], line["protocol"], line["request_id"]) == (STREAM, "OK", "grpc_web", "order-7")
    page = (await rest.rest.get("/metrics")).text
    assert f'imagewire_calls_total{{method="{STREAM}",code="OK"}}' in page or STREAM in page
