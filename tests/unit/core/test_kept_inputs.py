"""Pictures that a request names by id or by hash."""

import hashlib
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imagewire_server.contract import image_rules, pb
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.keep_errors import ImageNotFound, KeepOff
from imagewire_server.core import kept_inputs
from imagewire_server.core.store import checked
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.records import KeptImage
from tests.pictures import encoded
from tests.unit.core.store.local.stores import opened

PICTURE = encoded("PNG", 40, 30)
SHA = hashlib.sha256(PICTURE).digest()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    image = KeptImage("img-1", "me", SHA, len(PICTURE), "image/png", 40, 30, time.time() + 99)
    async with opened(tmp_path) as made:
        async with made.upload() as upload:
            await upload.write(PICTURE)
            await upload.save(image)
        yield made


def spec(*images: pb.Image, role: int = pb.Role.ROLE_USER) -> pb.Spec:
    return pb.Spec(messages=[pb.ChatMessage(role=role, image=image) for image in images])  # type: ignore[arg-type]


@pytest.mark.parametrize("role", [pb.Role.ROLE_USER, pb.Role.ROLE_ASSISTANT])
@pytest.mark.parametrize("image", [pb.Image(image_id="img-1"), pb.Image(sha256=SHA, width=40)])
async def test_bytes_are_put_in(store: LocalStore, image: pb.Image, role: int) -> None:
    given = spec(image, pb.Image(uri="gs://a/b"), pb.Image(data=b"x"), role=role)
    await kept_inputs.fill(given, store, "me", 1000)
    assert [message.image.data for message in given.messages] == [PICTURE, b"", b"x"]
    assert given.messages[0].image.mime_type == "image/png"


@pytest.mark.parametrize("role", [pb.Role.ROLE_USER, pb.Role.ROLE_ASSISTANT])
async def test_what_was_hashed_in_a_thread_is_not_hashed_again_on_the_loop(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, role: int
) -> None:
    threads: list[threading.Thread] = []

    def sha256(*data: bytes) -> Any:
        threads.append(threading.current_thread())
        return hashlib.sha256(*data)

    for module in image_rules, checked:
        monkeypatch.setattr(module, "hashlib", SimpleNamespace(sha256=sha256))
    await kept_inputs.fill(spec(pb.Image(sha256=SHA), role=role), store, "me", 1000)
    assert len(threads) == 1
    with pytest.raises(InvalidRequest, match=r"image\.sha256: does not match the data"):
        await kept_inputs.fill(spec(pb.Image(image_id="img-1", sha256=b"y" * 32), role=role), store, "me", 1000)
    assert len(threads) == 2


async def test_a_picture_in_the_result_of_a_function_keeps_its_display_name(store: LocalStore) -> None:
    image = pb.Image(image_id="img-1", display_name="chart.png")
    result = pb.FunctionResponse(id="1", name="plot", images=[image])
    given = pb.Spec(messages=[pb.ChatMessage(role=pb.Role.ROLE_TOOL, parts=[pb.Part(function_response=result)])])
    await kept_inputs.fill(given, store, "me", 1000)
    assert given.messages[0].parts[0].function_response.images[0].data == PICTURE


async def test_a_named_picture_is_kept_as_long_as_the_answer(store: LocalStore) -> None:
    late = time.time() + 5000
    await kept_inputs.fill(spec(pb.Image(sha256=SHA)), store, "me", 1000, until=late)
    kept = await store.image("me", image_id="img-1")
    assert kept is not None
    assert kept.expires == late


async def test_what_is_missing_is_listed(store: LocalStore) -> None:
    unknown = pb.Image(image_id="img-2"), pb.Image(sha256=bytes(32)), pb.Image(sha256=b"y" * 32)
    given = spec(pb.Image(sha256=SHA), *unknown)
    words = r"spec.messages\[1\].image: you have no such picture here \(and 2 more\)"
    with pytest.raises(ImageNotFound, match=words) as raised:
        await kept_inputs.fill(given, store, "me", 1000)
    assert raised.value.metadata == {
        "field": "spec.messages[1].image",
        "missing": f"{bytes(32).hex()},{(b'y' * 32).hex()}",
    }
    with pytest.raises(ImageNotFound) as foreign:
        await kept_inputs.fill(spec(pb.Image(image_id="img-1")), store, "you", 1000)
    assert foreign.value.metadata == {"field": "spec.messages[0].image"}


@pytest.mark.parametrize("damaged", [PICTURE[1:], PICTURE[::-1], PICTURE + b"x", b"", None])
async def test_what_is_damaged_is_missing(store: LocalStore, damaged: bytes | None) -> None:
    file = store.folder.object(SHA)
    file.unlink() if damaged is None else file.write_bytes(damaged)
    given = spec(pb.Image(sha256=b"y" * 32), pb.Image(sha256=SHA), pb.Image(image_id="img-1"))
    with pytest.raises(ImageNotFound, match=r"spec.messages\[0\].image: you have no such picture .*2 more") as raised:
        await kept_inputs.fill(given, store, "me", 1000)
    assert raised.value.metadata == {
        "field": "spec.messages[0].image",
        "missing": f"{(b'y' * 32).hex()},{SHA.hex()}",
    }
    with pytest.raises(ImageNotFound) as raised:
        await kept_inputs.fill(spec(pb.Image(image_id="img-1")), store, "me", 1000)
    assert raised.value.metadata == {"field": "spec.messages[0].image"}


async def test_what_differs_from_the_picture_is_named(store: LocalStore) -> None:
    with pytest.raises(InvalidRequest, match=r"spec.messages\[0\].image.width: is 41, but the data has 40"):
        await kept_inputs.fill(spec(pb.Image(image_id="img-1", width=41)), store, "me", 1000)


async def test_all_together_are_bounded(store: LocalStore) -> None:
    twice = spec(pb.Image(image_id="img-1"), pb.Image(image_id="img-1"))
    with pytest.raises(InvalidRequest, match=r"spec.messages\[1\].image: the pictures that the request names"):
        await kept_inputs.fill(twice, store, "me", len(PICTURE) * 2 - 1)


async def test_without_a_store(store: LocalStore) -> None:
    await kept_inputs.fill(spec(pb.Image(data=b"x")), None, "me", 1000)
    with pytest.raises(KeepOff, match="this server keeps no pictures"):
        await kept_inputs.fill(spec(pb.Image(image_id="img-1")), None, "me", 1000)
