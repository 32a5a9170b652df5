"""The bench's own honesty: the fake upstream gives what a name asks for, and what differs by a byte is refused."""

import asyncio
import base64
import contextlib
import io
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from bench import clients, upstream
from bench.bodies import answer
from bench.cases import FULL, Figures
from bench.job import Job
from bench.load import run
from bench.load_grpc import GrpcCaller, _Answer
from bench.peers import PEERS
from bench.peers.base import Place
from bench.pictures import SMALLEST, Ask, asked, encoded, picture
from bench.plot import Panel, svg
from bench.report import page, panels
from bench.scan import Scanner, Wrong
from bench.shapes import SHAPES
from bench.tables import Run
from bench.targets import verdicts
from imagewire.v1.chat_service_pb2 import Finished, ImageChunk, StreamCompletionResponse

ASK = Ask(1000)


def body_of(whole: bytes) -> bytes:
    """A chunked HTTP answer's body."""
    rest = whole.partition(b"\r\n\r\n")[2]
    body = b""
    while True:
        length, _, rest = rest.partition(b"\r\n")
        if not int(length, 16):
            return body
        body, rest = body + rest[: int(length, 16)], rest[int(length, 16) + 2 :]


def chat(text: str, *, stream: bool, blocks: bool) -> bytes:
    """An answer as LiteLLM and imagewire (images) or Portkey (content_blocks) give it."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + text}}
    images = {"content_blocks": [{"index": 0, "delta": image} if stream else image]} if blocks else {"images": [image]}
    choice = {"index": 0, "delta" if stream else "message": {"role": "assistant", **images}}
    written = json.dumps({"choices": [choice]}, separators=(",", ":")).encode()
    return b"data: " + written + b"\n\ndata: [DONE]\n\n" if stream else written


BODIES = [
    *((SHAPES["google"], stream, body_of(answer(ASK.size, stream=stream))) for stream in (False, True)),
    *(
        (SHAPES[name], stream, chat(encoded(ASK.size).decode(), stream=stream, blocks=name == "content_blocks"))
        for name, stream in itertools.product(("images", "content_blocks"), (False, True))
    ),
]


def scanned(shape: Any, pieces: list[bytes]) -> Scanner:
    ticks = itertools.count(1)
    scanner = Scanner(shape.mark, ASK.size, lambda: float(next(ticks)))
    for piece in pieces:
        scanner.feed(piece)
    scanner.finish()
    return scanner


@pytest.mark.parametrize("size", [SMALLEST, 1000, 1001, 65_537])
def test_a_picture_is_a_png_of_its_size_and_the_same_every_time(size: int) -> None:
    made = picture(size)
    picture.cache_clear()
    assert len(made) == size
    assert made == picture(size)
    Image.open(io.BytesIO(made)).verify()
    assert base64.b64decode(encoded(size)) == made


def test_a_name_says_what_is_asked_for_and_nothing_else_does() -> None:
    for ask in (Ask(8_000_000), Ask(1000, drip=2000), Ask(1000, delay=5), Ask(1000, 20, 5)):
        assert asked(f"gemini/{ask.model}") == ask
    assert asked("bench-drip-20") == Ask(1000, drip=20)
    assert [asked(name) for name in ("gemini-2.5-flash-image", "bench", "bench-size-3")] == [None] * 3


@pytest.mark.parametrize(("shape", "stream", "body"), BODIES)
def test_a_picture_is_found_whole_in_every_shape(shape: Any, stream: bool, body: bytes) -> None:
    assert shape.pictures(body, stream=stream) == [picture(ASK.size)]
    for step in (1, 7, 100, len(body)):
        assert scanned(shape, [body[at : at + step] for at in range(0, len(body), step)]).first == 1.0


def _damages(body: bytes) -> Iterator[bytes]:
    at = body.index(b"iVBORw0KGgo")
    yield body[: at + 500] + bytes([body[at + 500] ^ 1]) + body[at + 501 :]
    yield body[: at + 500] + body[at + 504 :]
    yield body[: at + 500] + b"AAAA" + body[at + 500 :]
    yield body[: at + 500]
    yield body + body
    yield b'{"choices":[]}'


@pytest.mark.parametrize(("shape", "stream", "body"), BODIES)
def test_a_picture_that_differs_is_refused(shape: Any, stream: bool, body: bytes) -> None:
    for damaged in _damages(body):
        with pytest.raises(Wrong):
            scanned(shape, [damaged])


async def test_the_load_takes_what_the_upstream_gives_and_nothing_else() -> None:
    server = await asyncio.get_running_loop().create_server(upstream.Connection, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    place = Place(f"http://{address}", None, (0, 0))  # type: ignore[arg-type]  # it writes no file
    try:
        for surface, ask in itertools.product(("REST unary", "REST stream"), (ASK, Ask(300_000, 20, 5))):
            job = PEERS["direct"].job(surface, ask, place)
            outcome = await run(job)
            assert (outcome.requests, outcome.errors, outcome.finished) == (1, 0, True)
            if ask.drip:
                assert outcome.first_p50 >= 0.005
                assert outcome.p50 >= 0.020
            with pytest.raises(Wrong):
                await run(Job(**{**_fields(job), "size": ask.size + 1}))
            with pytest.raises(Wrong, match="HTTP 404"):
                await run(Job(**{**_fields(job), "path": "/v1beta/models/gemini-2.5-flash-image:generateContent"}))
            failed = await run(Job(**{**_fields(job), "size": ask.size + 1, "warmup": 0}))
            assert (failed.requests, failed.errors > 0) == (0, True)
    finally:
        server.close()


def _fields(job: Job) -> dict[str, Any]:
    return {name: getattr(job, name) for name in Job.__dataclass_fields__}


def test_the_page_has_ratios_and_verdicts() -> None:
    figures = Figures()
    for name, per_cpu in (("imagewire", 1500.0), ("LiteLLM", 100.0)):
        for value in (per_cpu * 3, per_cpu, per_cpu / 3):
            figures.note(PEERS[name], "REST unary", per_cpu=value, p50_ms=1.0)
    figures.note(PEERS["direct"], "REST unary", p50_ms=0.25)
    figures.note(PEERS["imagewire"], "gRPC unary", per_cpu=1400.0)
    figures.note(PEERS["imagewire"], "", start_s=0.5)
    figures.note(PEERS["Portkey"], "", start_s=0.3)
    figures.values[clients.NAME, "Go client", "call_ms"].append(0.5)
    surfaces = {name: peer.surfaces for name, peer in PEERS.items()} | {clients.NAME: ("Go client", "Go stub")}
    ran = Run("a machine", {"imagewire": "1"}, surfaces, FULL, 3.0)
    written = page(ran, figures, "benchmarks.svg")
    assert "| imagewire REST unary | 1500 (15×) |" in written
    assert "| imagewire REST unary | 0.75 (1×) | – |" in written
    assert "| clients Go client | 0.50 | – |" in written
    assert "- Portkey, at rest, start, s: 0.30 against 0.50\n" in written
    assert "- LiteLLM" not in written
    assert [verdict.met for verdict in verdicts(figures)][:4] == [False, None, True, None]
    assert svg(panels(ran, figures)).count("<rect") == 3
    assert 'width="480' not in svg([Panel("none", [])])


async def test_callers_that_share_have_one_connection() -> None:
    async def until_left(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(until_left, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for shared, connections in ((True, 1), (False, 4)):
        callers = [GrpcCaller(Job("grpc", True, address, "m", 1000, shared=shared)) for _ in range(4)]
        made = await asyncio.gather(*(caller._connected() for caller in callers))
        assert len(set(made)) == connections
        await asyncio.gather(*(caller.close() for caller in callers))
    server.close()
    await server.wait_closed()


def test_an_answer_is_compared_however_its_messages_are_cut() -> None:
    job = Job("grpc", True, "", "m", 1000)
    events = [
        StreamCompletionResponse(image_chunk=ImageChunk(data=picture(1000)[:600])),
        StreamCompletionResponse(image_chunk=ImageChunk(data=picture(1000)[600:], offset=600)),
        StreamCompletionResponse(finished=Finished()),
    ]
    texts = [event.SerializeToString() for event in events]
    body = b"".join(b"\0" + len(text).to_bytes(4, "big") + text for text in texts)
    for step in (1, 7, 601, len(body)):
        answer = _Answer(job)
        for at in range(0, len(body), step):
            answer.feed(body[at : at + step])
        assert answer.end().whole > 0
    wrong = _Answer(job)
    with pytest.raises(Wrong):
        wrong.feed(body.replace(picture(1000)[:600], bytes(600)))
    with pytest.raises(Wrong):
        _Answer(job).end()
