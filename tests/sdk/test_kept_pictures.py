"""What a server keeps, by its ids; and large pictures, whose bytes go up once."""

import asyncio
import random
import uuid
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imagewire
from imagewire import AsyncClient, Client
from imagewire._grpc import async_calls
from imagewire._grpc.loops import Connection
from imagewire.chat import final
from tests.integration import processes
from tests.integration.processes import Program, ledger
from tests.pictures import PNG
from tests.sdk.asks import Ask, everything, ran
from tests.sdk.cutting import cutting

BIG = "gemini/emulator-size-3MB"
SMALL = "gemini/gemini-2.5-flash-image"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are short."""
    wait, asleep = Client._wait, Connection.wait
    monkeypatch.setattr(Client, "_wait", lambda client, seconds: wait(client, min(seconds, 0.02)))
    monkeypatch.setattr(Connection, "wait", lambda connection, seconds: asleep(connection, min(seconds, 0.02)))


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A new picture of 700 kB that no server has."""
    path = tmp_path / "large.png"
    Image.frombytes("RGB", (480, 480), random.randbytes(480 * 480 * 3)).save(path)
    return path


def used(target: str, name: str, *arguments: Any, **named: Any) -> Any:
    with Client(target) as client:
        return getattr(client, name)(*arguments, **named)


def aused(target: str, name: str, *arguments: Any, **named: Any) -> Any:
    async def run() -> Any:
        async with AsyncClient(target) as client:
            return await getattr(client, name)(*arguments, **named)

    return ran(run())


both = pytest.mark.parametrize("use", [used, aused], ids=["sync", "async"])


@both
def test_a_picture_is_uploaded_downloaded_and_deleted(target: str, use: Any, large: Path, tmp_path: Path) -> None:
    kept = use(target, "upload", large)
    assert (kept.width, kept.height, kept.data) == (480, 480, large.read_bytes())
    with cutting(target, every=150_000, most=3) as proxy:
        again = use(proxy.address, "download", kept.image_id)
    assert proxy.cuts == 3
    assert (again.data, again.sha256, again.image_id) == (kept.data, kept.sha256, kept.image_id)
    assert again.save(tmp_path / "again").read_bytes() == kept.data
    use(target, "delete_image", kept.image_id)
    with pytest.raises(imagewire.ImageNotFound):
        use(target, "download", kept.image_id)


@both
def test_an_answer_is_read_again_by_its_ids(target: str, use: Any, paid: Any) -> None:
    ident = str(uuid.uuid4())
    first = use(target, "draw", "x", model=BIG, request_id=ident)
    again = use(target, "get_completion", request_id=ident)
    assert again.image == first
    assert use(target, "get_completion", completion_id=again.id) == again
    assert first.image_id.startswith("img-")
    assert use(target, "download", first.image_id).data == first.data
    assert paid() == 1
    with pytest.raises(imagewire.CompletionNotFound):
        use(target, "get_completion", completion_id="cmpl-none")
    for ids in ({}, {"completion_id": "c", "request_id": ident}):
        with pytest.raises(imagewire.InvalidRequest, match="not both"):
            use(target, "get_completion", **ids)


def test_a_kept_answer_grows_again(target: str) -> None:
    with Client(target) as client:
        answer = client.chat.create(BIG).append("x").sample()
        chunks = [chunk for _, chunk in client.resume(completion_id=answer.id)]
    assert answer.image is not None
    assert b"".join(chunk.data for chunk in chunks) == answer.image.data
    assert chunks[-1].last


@both
@pytest.mark.parametrize("is_gone", [False, True])
def test_a_picture_that_the_server_has_damaged_is_uploaded_again(
    emulator: Program, use: Any, large: Path, tmp_path: Path, is_gone: bool
) -> None:
    with processes.server(emulator.address, keep_dir=str(tmp_path / "kept")) as server:
        first = use(server.address, "upload", large)
        [file] = (tmp_path / "kept/objects").rglob(first.sha256)
        file.unlink() if is_gone else file.write_bytes(large.read_bytes()[::-1])
        with pytest.raises(imagewire.ImageNotFound, match="is damaged or gone"):
            use(server.address, "download", first.image_id)
        use(server.address, "draw", "Make it blue", [large])
        assert use(server.address, "download", first.image_id).data == large.read_bytes()


@both
def test_a_server_that_keeps_nothing_says_so(not_keeping: str, use: Any) -> None:
    for name, arguments in (("upload", [PNG]), ("download", ["img-1"]), ("delete_image", ["img-1"])):
        with pytest.raises(imagewire.KeepOff):
            use(not_keeping, name, *arguments)
    with pytest.raises(imagewire.KeepOff):
        use(not_keeping, "get_completion", completion_id="cmpl-1")


@both
def test_what_cannot_be_named_or_uploaded_is_told(target: str, use: Any) -> None:
    with pytest.raises(imagewire.InvalidRequest, match="image_id is empty"):
        use(target, "download", "")
    with pytest.raises(imagewire.InvalidRequest, match="picture has no bytes here"):
        use(target, "upload", "https://example.com/cat.png")
    with pytest.raises(imagewire.InvalidRequest, match="mime_type"):
        use(target, "upload", b"no picture")


@everything
def test_the_bytes_of_a_large_picture_go_up_once(target: str, paid: Any, large: Path, ask: Ask) -> None:
    size = large.stat().st_size
    with cutting(target) as proxy:
        for prompt in "abc":
            ask(proxy.address, SMALL, prompt, images=[large, large])
        # Each call has a client of its own here, which cannot know what another one sent: it asks.
        assert size < proxy.sent < size * 1.1
    assert paid() == 3


def test_one_client_sends_them_once(target: str, large: Path, emulator: Program) -> None:
    size = large.stat().st_size
    with cutting(target) as proxy, Client(proxy.address) as client:
        for prompt in "abc":
            client.draw(prompt, [large])
        assert size < proxy.sent < size * 1.1
    pictures = [entry["body"]["contents"][0]["parts"][0] for entry in ledger(emulator.address)[-3:]]
    assert "inlineData" in pictures[0]
    assert pictures == pictures[:1] * 3


@both
def test_a_picture_that_the_server_lost_goes_up_again(target: str, large: Path, use: Any) -> None:
    with Client(target) as client:
        for _ in range(2):
            kept = client.upload(large)
            client.delete_image(kept.image_id)
            assert client.draw("x", [large]).size_bytes > 0

    async def asynchronous() -> None:
        async with AsyncClient(target) as client:
            kept = await client.upload(large)
            await client.delete_image(kept.image_id)
            assert (await client.draw("x", [large])).size_bytes > 0

    asyncio.run(asynchronous())


@everything
def test_a_large_picture_has_the_same_form_in_each_call(target: str, paid: Any, large: Path, ask: Ask) -> None:
    """Else its request would be another one under the same id."""
    ident = str(uuid.uuid4())
    for _ in range(2):
        ask(target, SMALL, "x", images=[large], request_id=ident)
    assert paid() == 1


@everything
def test_a_server_that_keeps_nothing_gets_the_bytes(not_keeping: str, paid: Any, large: Path, ask: Ask) -> None:
    ask(not_keeping, SMALL, "x", images=[large])
    assert paid() == 1


def test_a_client_tries_an_upload_once_where_nothing_is_kept(not_keeping: str, large: Path) -> None:
    with Client(not_keeping) as client:
        client.draw("x", [large])
        assert client._store.off
        client._connection.images = None  # type: ignore[assignment]  # to upload would fail
        client.draw("x", [large])


@everything
def test_a_picture_that_was_uploaded_is_named_by_all(target: str, paid: Any, large: Path, ask: Ask) -> None:
    used(target, "upload", large)
    with cutting(target) as proxy:
        ask(proxy.address, SMALL, "x", images=[large])
        assert proxy.sent < 20_000
    assert paid() == 1


@everything
def test_an_upload_that_fails_was_not_charged(target: str, paid: Any, large: Path, ask: Ask, pauses: None) -> None:
    """The connection breaks in the middle of each upload."""
    with cutting(target) as proxy:
        proxy.every_sent = 300_000
        with pytest.raises(imagewire.Unavailable, match="broke off") as failed:
            ask(proxy.address, SMALL, "x", images=[large])
    assert proxy.cuts >= 3
    assert "charged" not in str(failed.value)
    assert failed.value.retryable
    assert paid() == 0


def test_an_upload_whose_end_grpc_does_not_explain_is_made_again(
    target: str, large: Path, pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So grpc.aio tells of a connection that breaks while messages are sent."""
    unary, ends = async_calls.unary, [imagewire.ServerError("Internal error from Core")] * 2

    async def unexplained(send: Any, request: Any, *given: Any, **named: Any) -> Any:
        if callable(request) and len(list(request())) > 1 and ends:
            raise ends.pop()
        return await unary(send, request, *given, **named)

    monkeypatch.setattr(async_calls, "unary", unexplained)
    assert aused(target, "upload", large).data == large.read_bytes()
    assert not ends


def test_pictures_of_answers_are_there_already(target: str, paid: Any) -> None:
    with cutting(target) as proxy, Client(proxy.address) as client:
        chat = client.chat.create(BIG).append("x")
        chat.append(chat.sample()).append("Make it blue").sample()
        assert proxy.sent < 100_000
    assert paid() == 2


def test_an_answer_whose_bytes_were_not_kept_goes_back_by_its_ids(target: str, paid: Any) -> None:
    with Client(target) as client:
        chat = client.chat.create(SMALL).append("x")
        answer = final(chat.frames())
        assert answer.image is not None
        with pytest.raises(ValueError, match=r"client\.download\("):
            answer.image.data  # noqa: B018
        assert chat.append(answer).append("Make it blue").sample().image
    assert paid() == 2
