"""Whole answers in one message: their candidates' order, and pictures that are fetched apart."""

from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

import imagewire
from imagewire.v1 import chat_service_pb2_grpc, image_service_pb2_grpc
from imagewire.v1.chat_service_pb2 import Candidate, CreateCompletionResponse
from imagewire.v1.image_pb2 import Image
from imagewire.v1.image_service_pb2 import DownloadImageResponse, ImageData
from imagewire.v1.message_pb2 import ChatMessage, Part
from tests.sdk.asks import Ask, creates, failing
from tests.sdk.conftest import Script, scripted

Download = Callable[[Any], Iterator[DownloadImageResponse]]


class _Images(image_service_pb2_grpc.ImageServiceServicer):
    def __init__(self, download: Download) -> None:
        self._download = download

    def DownloadImage(self, request: Any, context: Any) -> Iterator[DownloadImageResponse]:
        return self._download(context)


@contextmanager
def _serving(script: Script, download: Download) -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    chat_service_pb2_grpc.add_ChatServiceServicer_to_server(script, server)
    image_service_pb2_grpc.add_ImageServiceServicer_to_server(_Images(download), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


def _apart(*candidates: int) -> CreateCompletionResponse:
    """An answer whose pictures are on the server."""
    message = ChatMessage(parts=[Part(image=Image(image_id="img-1"))])
    return CreateCompletionResponse(candidates=[Candidate(index=index, message=message) for index in candidates])


def _lost(context: Any) -> None:
    context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")


@creates
@pytest.mark.parametrize(
    ("fail", "kind"),
    [
        (_lost, imagewire.Unavailable),
        (failing("UNAVAILABLE", "STORE_UNAVAILABLE"), imagewire.StoreUnavailable),
        (failing("NOT_FOUND", "IMAGE_NOT_FOUND"), imagewire.ImageNotFound),
    ],
    ids=["lost", "store", "gone"],
)
def test_what_is_drawn_and_not_fetched_is_not_to_be_drawn_again(
    create: Ask, fail: Callable[[Any], None], kind: type[imagewire.ImagewireError]
) -> None:
    def download(context: Any) -> Iterator[DownloadImageResponse]:
        fail(context)
        yield DownloadImageResponse()

    script = Script(answer=_apart(0))
    with _serving(script, download) as target, pytest.raises(kind) as failed:
        create(target, "m", "x", made={"retries": 0})
    (request,) = script.requests
    get = f"; while the server keeps the answer, get_completion(request_id={request.request_id!r})"
    get = f"; the picture is drawn{get}"
    assert get in str(failed.value)
    assert get in failed.value.message
    assert not failed.value.retryable


@creates
def test_a_picture_that_is_larger_than_announced_ends_at_its_first_byte_too_many(create: Ask) -> None:
    sent = []

    def download(context: Any) -> Iterator[DownloadImageResponse]:
        yield DownloadImageResponse(image=Image(size_bytes=1000))
        for at in range(0, 256 << 20, 1 << 20):
            sent.append(at)
            yield DownloadImageResponse(chunk=ImageData(offset=at, data=bytes(1 << 20)))

    with (
        _serving(Script(answer=_apart(0)), download) as target,
        pytest.raises(imagewire.CorruptAnswer, match="has 1048576 bytes or more where 1000 were announced"),
    ):
        create(target, "m", "x")
    assert len(sent) < 200


@creates
def test_the_candidates_are_in_their_order(create: Ask) -> None:
    answer = CreateCompletionResponse(candidates=[Candidate(index=1), Candidate(index=0, native_finish_reason="STOP")])
    with scripted(Script(answer=answer)) as target:
        seen = create(target, "m", "x")
    assert [candidate.index for candidate in seen.candidates] == [0, 1]
    assert seen.candidates[0].native_finish_reason == "STOP"
