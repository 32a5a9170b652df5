"""What a server says of an uploaded picture is compared with what was sent."""

import hashlib
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest

import imagewire
from imagewire.v1 import image_service_pb2_grpc
from imagewire.v1.image_pb2 import Image
from imagewire.v1.image_service_pb2 import UploadImageRequest, UploadImageResponse
from tests.pictures import PNG
from tests.sdk.test_kept_pictures import both

_RIGHT = {
    "image_id": "img_1",
    "mime_type": "image/png",
    "size_bytes": len(PNG),
    "sha256": hashlib.sha256(PNG).digest(),
}


class _Images(image_service_pb2_grpc.ImageServiceServicer):
    """Takes any picture, and says what it is told to."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = _RIGHT

    def UploadImage(self, requests: Iterator[UploadImageRequest], _: Any) -> UploadImageResponse:
        for _each in requests:
            pass
        return UploadImageResponse(image=Image(**self.says))


@pytest.fixture
def images() -> Iterator[tuple[_Images, str]]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    service = _Images()
    image_service_pb2_grpc.add_ImageServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield service, f"127.0.0.1:{port}"
    server.stop(0).wait()


@both
def test_the_picture_that_was_sent_is_the_one_that_is_stored(use: Any, images: tuple[_Images, str]) -> None:
    assert use(images[1], "upload", PNG).image_id == "img_1"


@both
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"image_id": ""}, "no image_id"),
        ({"size_bytes": len(PNG) - 1}, "another picture"),
        ({"sha256": bytes(32)}, "another picture"),
    ],
)
def test_another_picture_is_corrupt(use: Any, images: tuple[_Images, str], wrong: dict[str, Any], words: str) -> None:
    images[0].says = _RIGHT | wrong
    with pytest.raises(imagewire.CorruptAnswer, match=words):
        use(images[1], "upload", PNG)
