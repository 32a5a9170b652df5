"""What we use of other packages beyond their documentation behaves as docs/dependencies.md says."""

import asyncio
import datetime
from collections.abc import AsyncIterator
from typing import Any, Literal

import google.auth.credentials
import httpx
import msgspec
import pytest
from google.protobuf import struct_pb2
from google.protobuf.message import DecodeError
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from imagewire_server.contract import pb, protobuf_scan
from imagewire_server.services.request_decoder import _descriptor
from imagewire_server.transport.pool import Body, Pool
from tests.integration.otlp_receiver import receiving


def test_opentelemetrys_exporter_sends_bytes() -> None:
    with receiving() as collector:
        exporter = OTLPSpanExporter(endpoint=f"{collector.url}/v1/traces")
        assert exporter._client.export(b"").success
        collector.status = 400
        assert not exporter._client.export(b"").success
        exporter.shutdown()  # type: ignore[no-untyped-call]


def test_a_generated_decoder_knows_its_message() -> None:
    assert _descriptor(pb.StreamCompletionRequest.FromString) is pb.StreamCompletionRequest.DESCRIPTOR


def test_protobuf_reads_as_deep_as_we_look() -> None:
    def nested(levels: int) -> bytes:
        data = b""
        for level in range(levels, 0, -1):
            size = bytes([len(data) & 127 | 128, len(data) >> 7])  # a varint of two bytes
            data = (b"\x32" if level % 2 else b"\x0a") + size + data
        return data

    struct_pb2.Value.FromString(nested(protobuf_scan._DEEPEST))
    with pytest.raises(DecodeError):
        struct_pb2.Value.FromString(nested(protobuf_scan._DEEPEST + 1))


def test_unknown_fields_are_found_by_what_they_leave() -> None:
    assert protobuf_scan.has_none(pb.Spec.FromString(b""))
    assert not protobuf_scan.has_none(pb.Spec.FromString(b"\xf8\x3e\x01"))


def test_msgspecs_words() -> None:
    class Inside(msgspec.Struct, forbid_unknown_fields=True):
        size: int
        shape: Literal["square", "wide"] = "square"

    class Outside(msgspec.Struct, forbid_unknown_fields=True):
        inside: list[Inside] = []

    for body, words in (
        (b'{"inside": [{"size": 1, "x": 2}]}', "Object contains unknown field `x` - at `$.inside[0]`"),
        (b'{"inside": [{}]}', "Object missing required field `size` - at `$.inside[0]`"),
        (b'{"inside": [{"size": "a"}]}', "Expected `int`, got `str` - at `$.inside[0].size`"),
        (b'{"inside": [{"size": 1, "shape": "odd"}]}', "Invalid enum value 'odd' - at `$.inside[0].shape`"),
    ):
        with pytest.raises(msgspec.ValidationError) as caught:
            msgspec.json.decode(body, type=Outside)
        assert str(caught.value) == words


async def test_aiohttps_reader_gives_what_is_here_and_a_release_closes_what_was_not_read() -> None:
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
        await reader.read()  # until the client closes it
        closed.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        pool = Pool(5.0, "")
        request = httpx.Request("GET", f"http://127.0.0.1:{port}/")
        async with asyncio.timeout(20):
            answer = await pool.handle_async_request(request)
            assert isinstance(answer.stream, Body)
            body = answer.stream.arrived() or await anext(answer.stream)
            while len(body) < 5:
                body += await anext(answer.stream)
            assert (body, answer.stream.arrived(), answer.stream.ended) == (b"hello", b"", False)
            await answer.stream.aclose()
            await closed.wait()
        await pool.aclose()


async def test_aiohttps_answer_waits_until_its_request_is_no_longer_sent() -> None:
    sending: list[bool] = []

    async def endless() -> AsyncIterator[bytes]:
        sending.append(True)
        try:
            yield b"a"
            await asyncio.Event().wait()
        finally:
            sending.append(False)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        pool = Pool(5.0, "")
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        request = httpx.Request("POST", url, content=endless(), headers={"content-length": "100"})
        async with asyncio.timeout(20):
            answer = await pool.handle_async_request(request)
            assert isinstance(answer.stream, Body)
            await answer.stream.aclose()
            assert sending == [True, False]
        await pool.aclose()


def test_google_auths_expiry_is_utc_without_saying_so() -> None:
    class Credentials(google.auth.credentials.Credentials):  # type: ignore[misc]  # untyped
        def refresh(self, request: Any) -> None:
            """Never asked."""

    credentials = Credentials()  # type: ignore[no-untyped-call]  # untyped
    credentials.token = "token"
    credentials.expiry = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(hours=1)
    assert credentials.valid
    credentials.expiry -= datetime.timedelta(hours=2)
    assert credentials.expired
