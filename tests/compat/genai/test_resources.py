"""Models, tokens, files and cached contents, by Google's own SDK."""

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from imagewire_emulator import Emulator
from tests.compat.genai.test_google_genai import MODEL, made_client
from tests.pictures import PNG

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
LONG = "A banana in a costume. " * 200


@pytest.fixture(scope="module")
def gemini(emulator: Emulator) -> Iterator[genai.Client]:
    with made_client(emulator, "gemini") as made:
        yield made


@pytest.fixture(scope="module")
def vertex(emulator: Emulator) -> Iterator[genai.Client]:
    with made_client(emulator, "vertex") as made:
        yield made


@pytest.fixture(params=["gemini", "vertex"])
def client(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_models_are_listed_page_by_page(client: genai.Client) -> None:
    names = [model.name for model in client.models.list(config={"page_size": 3})]
    assert len(names) == len(set(names)) > 3
    assert any(str(name).endswith(f"models/{MODEL}") for name in names)


def test_a_model_is_found(client: genai.Client) -> None:
    assert str(client.models.get(model=MODEL).name).endswith(f"models/{MODEL}")
    with pytest.raises(errors.ClientError, match=r"ListModels|model-versions") as told:
        client.models.get(model="gemini-9")
    assert told.value.code == 404


def test_tokens_are_counted_as_a_call_counts_them(client: genai.Client) -> None:
    contents = ["A banana", types.Part.from_bytes(data=PNG, mime_type="image/png")]
    counted = client.models.count_tokens(model=MODEL, contents=contents)
    drawn = client.models.generate_content(model=MODEL, contents=contents)
    assert counted.total_tokens == drawn.usage_metadata.prompt_token_count > 258


def test_tokens_are_shown(vertex: genai.Client) -> None:
    (info,) = vertex.models.compute_tokens(model=MODEL, contents="A banana").tokens_info
    assert b"".join(info.tokens) == b"A banana"
    assert len(info.token_ids) == len(info.tokens) == 2


def test_a_file_goes_up_is_used_comes_down_and_goes(gemini: genai.Client, tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(PNG)
    file = gemini.files.upload(file=tmp_path / "cat.png", config={"display_name": "A cat", "name": "cat"})
    assert (file.name, file.display_name, file.mime_type, file.size_bytes) == (
        "files/cat",
        "A cat",
        "image/png",
        len(PNG),
    )
    assert file.state is types.FileState.ACTIVE
    assert gemini.files.get(name="cat") == file
    assert [one.name for one in gemini.files.list()] == ["files/cat"]
    drawn = gemini.models.generate_content(model=MODEL, contents=[file, "Give it a hat"])
    assert any(part.inline_data for part in drawn.parts)
    gemini.files.delete(name="cat")
    for used in (lambda: gemini.files.get(name="cat"), lambda: gemini.files.delete(name="cat")):
        with pytest.raises(errors.ClientError, match="may not exist"):
            used()
    with pytest.raises(errors.ClientError, match="may not exist"):
        gemini.models.generate_content(model=MODEL, contents=[file, "Give it a hat"])


def test_a_file_of_several_pieces(gemini: genai.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("google.genai._api_client.CHUNK_SIZE", 1000)
    content = bytes(range(256)) * 10
    file = gemini.files.upload(file=io.BytesIO(content), config={"mime_type": "application/pdf"})
    assert gemini._api_client.download_file(f"{file.name}:download?alt=media") == content
    gemini.files.delete(name=file.name)


async def test_files_asynchronously(emulator: Emulator) -> None:
    client = await asyncio.to_thread(made_client, emulator, "gemini")
    file = await client.aio.files.upload(file=io.BytesIO(PNG), config={"mime_type": "image/png"})
    assert (await client.aio.files.get(name=file.name)).sha256_hash == file.sha256_hash
    await client.aio.files.delete(name=file.name)
    await client.aio.aclose()


def test_cached_content_is_made_used_prolonged_and_deleted(client: genai.Client) -> None:
    made = client.caches.create(model=MODEL, config={"contents": [LONG], "display_name": "Long", "ttl": "60s"})
    used = client.models.generate_content(model=MODEL, contents="Draw it", config={"cached_content": made.name})
    assert used.usage_metadata.cached_content_token_count == made.usage_metadata.total_token_count == len(LONG) // 4
    assert client.caches.get(name=made.name) == made
    assert made.name in [one.name for one in client.caches.list()]
    longer = client.caches.update(name=made.name, config={"ttl": "7200s"})
    assert longer.expire_time > made.expire_time
    client.caches.delete(name=made.name)
    with pytest.raises(errors.ClientError, match="CachedContent not found") as told:
        client.models.generate_content(model=MODEL, contents="Draw it", config={"cached_content": made.name})
    assert told.value.code == 403


@pytest.mark.parametrize(
    ("model", "config", "told"),
    [
        (
            MODEL,
            {"contents": ["short"]},
            "Cached content is too small. total_token_count=1, min_total_token_count=1024",
        ),
        (MODEL, {"contents": [LONG], "ttl": "soon"}, "cached_content.ttl"),
        (MODEL, {"contents": [LONG], "expire_time": "2020-01-01T00:00:00Z"}, "must be in the future"),
        ("gemini-9", {"contents": [LONG]}, "is not found"),
    ],
)
def test_cached_content_that_is_refused(gemini: genai.Client, model: str, config: Any, told: str) -> None:
    with pytest.raises(errors.ClientError, match=told):
        gemini.caches.create(model=model, config=config)


def test_cached_content_is_of_one_model(gemini: genai.Client) -> None:
    made = gemini.caches.create(model=MODEL, config={"contents": [LONG]})
    with pytest.raises(errors.ClientError, match="has to be the same"):
        gemini.models.generate_content(
            model="gemini-2.5-flash-image", contents="Draw it", config={"cached_content": made.name}
        )
