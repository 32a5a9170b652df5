"""POST /v1/images/generations and /v1/images/edits."""

import asyncio
import codecs
import re
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import msgspec
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.middleware import EXCHANGE, Exchange, Scope
from imagewire_server.api.rest.respond import ImageBuffers, Responder, write
from imagewire_server.api.rest.response import Send
from imagewire_server.api.rest.status import HttpError
from imagewire_server.contract import json_scan
from imagewire_server.contract.errors import Error, InvalidRequest, Violation
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.contract.limits import FEW_VALUES, LIGHT_BYTES, MOST_VALUES, TOO_MANY
from imagewire_server.contract.provider import Capabilities
from imagewire_server.core.call import Call
from imagewire_server.core.offload import run_for_call
from imagewire_server.formats.openai.common import given_twice
from imagewire_server.formats.openai.common.reading import read_form
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder
from imagewire_server.formats.openai.images import answer as images_answer
from imagewire_server.formats.openai.images.answer import Drawn, ImagesStream
from imagewire_server.formats.openai.images.decode import spec_of
from imagewire_server.formats.openai.images.request import FORM_JSON, ImagesRequest

_MOST_FILES = 16
_MOST_FIELDS = 64
_IMAGE = re.compile(r"image(\[\d{0,3}\])?")
_TEXTS = frozenset(field.encode_name for field in msgspec.structs.fields(ImagesRequest))
_SENT_AT_ONCE = 32 * 1024 * 1024
_MOST_HEADER_BYTES = 8 * 1024  # of one part
_AT_ONCE = 16 * 1024
_CHARSETS = frozenset({"utf-8", "ascii", "iso8859-1", "latin-1", "cp1252"})


class _Form(MultiPartParser):
    """A form that must be complete: one that was cut between two files is an error, not a shorter form.

    The size of its part headers is limited, and so are its charsets: some take quadratic time.
    """

    spool_max_size = sys.maxsize  # in memory: the body is limited, and its pictures are read as a whole anyway

    def __init__(self, headers: Headers, exchange: Exchange) -> None:
        super().__init__(headers, self._pieces(exchange), max_files=_MOST_FILES, max_fields=_MOST_FIELDS)
        self._charset_name = _charset(headers["content-type"])
        self._ended = False
        self._header_bytes = 0

    def on_part_begin(self) -> None:
        """A part begins."""
        if self._charset_name not in _CHARSETS:
            raise InvalidRequest([Violation("body", "has an unsupported charset; send it as UTF-8")])
        self._header_bytes = 0
        super().on_part_begin()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's name arrived."""
        self._count_header(end - start)
        super().on_header_field(data, start, end)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's value arrived."""
        self._count_header(end - start)
        super().on_header_value(data, start, end)

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _MOST_HEADER_BYTES:
            raise MultiPartException("headers")

    def on_end(self) -> None:
        """The last boundary arrived."""
        self._ended = True

    async def _pieces(self, exchange: Exchange) -> AsyncGenerator[bytes, None]:
        async for piece in exchange.body.pieces():
            for at in range(0, len(piece), _AT_ONCE):
                yield piece[at : at + _AT_ONCE]
                await asyncio.sleep(0)  # a body of many short lines takes long
        if not self._ended:
            raise MultiPartException("cut")  # here, so that the files read so far are closed


@dataclass(frozen=True, slots=True)
class ImagesEndpoint:
    """Pictures from a prompt, or, for edits, from a form with a prompt and pictures."""

    responder: Responder
    edits: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange: Exchange = scope[EXCHANGE]
        sent = 0
        if self.edits:
            request, builder, sent = await self._form(exchange, scope)
        else:
            request, builder = await self.responder.read(exchange, scope, ImagesRequest, spec_of)
        if not request.stream:
            await self._answer(exchange, builder, request, sent)
            return
        kind = "image_edit" if self.edits else "image_generation"
        await self.responder.stream(
            exchange, builder, ImagesStream(kind, exchange.call.request_id, drafts=request.partial_images or 0)
        )

    async def _form(self, exchange: Exchange, scope: Scope) -> tuple[ImagesRequest, SpecBuilder, int]:
        """Read an edit; the number is that of bytes of pictures."""
        fields, pictures, mask, wrong = await _form(exchange, scope)
        if model := scope["path_params"].get("model"):
            fields["model"] = model

        def with_pictures(request: ImagesRequest, capabilities: Capabilities) -> SpecBuilder:
            return spec_of(request, capabilities, pictures, mask)

        router = self.responder.engine.router
        request, builder = await run_for_call(
            exchange.call,
            read_form,
            fields,
            ImagesRequest,
            with_pictures,
            router.capabilities,
            drops=router.routing.drop_params,
            wrong=wrong,
        )
        self.responder.begin(exchange, builder)
        return request, builder, sum(len(data) for _, data in pictures) + len(mask or b"")

    async def _answer(self, exchange: Exchange, builder: SpecBuilder, request: ImagesRequest, sent: int) -> None:
        """Make several calls at once, fewer at a time if the request is large, because each encodes it again.

        sent: bytes of pictures. If a call fails, the pictures of the others are not lost.
        """
        runs = [_Run(exchange.call.begin_part()) for _ in range(request.n or 1)]
        limit = asyncio.Semaphore(max(1, _SENT_AT_ONCE // max(sent, 1)))
        try:
            async with self.responder.leaving(exchange):
                try:
                    async with asyncio.TaskGroup() as group:
                        for run in runs:
                            group.create_task(run.draw(self.responder, builder, limit))
                finally:
                    for run in runs:
                        exchange.call.add_part(run.call)
            drawn = [run for run in runs if run.error is None]
            failures = [run.error for run in runs if run.error is not None]
            if not drawn:
                # If one of them may have been charged, the whole request must not look free to repeat.
                raise next((error for error in failures if error.charged), failures[0])
            pieces = images_answer.answer(
                [run.drawn for run in drawn],
                failures,
                exchange.call.request_id,
                as_url=request.response_format == "url",
            )
            for run, mine in zip([*drawn, _Run(Call())], pieces, strict=True):
                await write(mine, run.buffers, exchange.response)
            await exchange.response.finish()
        finally:
            for run in runs:
                run.buffers.close()


class _Run:
    """One call of several."""

    def __init__(self, call: Call) -> None:
        self.drawn = Drawn()
        self.buffers = ImageBuffers()
        self.call = call
        self.error: Error | None = None

    async def draw(self, responder: Responder, builder: SpecBuilder, limit: asyncio.Semaphore) -> None:
        try:
            async with limit, responder.drawing(self.call, builder, stream=False) as stream:
                async for events in stream:
                    for event in events:
                        await self._take(event)
        except Error as error:
            self.error = error

    async def _take(self, event: StreamEvent) -> None:
        if isinstance(event, Chunk):
            await self.buffers.take(event, self.drawn.needs)
            return
        kind = event.WhichOneof("event")
        self.drawn.add(kind, event)
        if kind == "part_finished":
            self.buffers.forget(self.drawn.needs)


def _charset(content_type: str) -> str:
    """Python's name of the charset in which the parser will read a form: Latin-1 for one that Python does not know."""
    _, parameters = parse_options_header(content_type)
    try:
        return codecs.lookup(parameters.get(b"charset", b"utf-8").decode("latin-1")).name
    except LookupError:
        return "latin-1"


_FormData = tuple[dict[str, object], list[tuple[str, bytes]], bytes | None, list[Violation]]


async def _form(exchange: Exchange, scope: Scope) -> _FormData:
    """Decode the fields, the pictures and the mask of multipart/form-data."""
    headers = Headers(scope=scope)
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise HttpError(415, "UNSUPPORTED_MEDIA_TYPE", "send edits as multipart/form-data, with image or image[]")
    try:
        form = await _Form(headers, exchange).parse()
    except (MultiPartException, KeyError, ValueError):
        words = (
            f"is not complete and valid multipart/form-data with at most {_MOST_FILES} files and {_MOST_FIELDS} fields"
        )
        raise InvalidRequest([Violation("body", words)]) from None
    try:
        return await _fields(exchange, form)
    finally:
        await form.close()


async def _fields(exchange: Exchange, form: FormData) -> _FormData:
    pictures: list[tuple[str, bytes]] = []
    mask: bytes | None = None
    fields: dict[str, object] = {}
    wrong: list[Violation] = []
    for name, value in form.multi_items():
        if not _is_text(name) or not (isinstance(value, UploadFile) or _is_text(value)):
            raise InvalidRequest([Violation("body", "is not valid text in its charset; send it as UTF-8")])
        if isinstance(value, UploadFile):
            if name == "mask" and mask is None:
                mask = await value.read()
            elif _IMAGE.fullmatch(name):
                pictures.append((f"image[{len(pictures)}]", await value.read()))
            else:
                wrong.append(Violation(name[:200] or '""', _wrong_file(name)))
        elif name in fields:
            wrong.append(Violation(name[:200] or '""', given_twice.WORDS))
        else:
            fields[name] = value
    values = sum(json_scan.values(str(fields[name]).encode(), name) for name in FORM_JSON & fields.keys())
    exchange.call.large = values > FEW_VALUES or sum(len(data) for _, data in pictures) + len(mask or b"") > LIGHT_BYTES
    if values > MOST_VALUES:
        raise InvalidRequest([Violation("body", TOO_MANY)])
    for name in FORM_JSON & fields.keys():
        text = str(fields.pop(name))
        try:
            fields[name] = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            wrong.append(Violation(name, "is not valid JSON"))
        else:
            wrong += given_twice.of_text(text, name)
    if not pictures:
        wrong.append(Violation("image", "is required; send a file as image or image[]"))
    return fields, pictures, mask, wrong


def _wrong_file(name: str) -> str:
    if name == "mask":
        return given_twice.WORDS
    if name in _TEXTS:
        return "is a file, but must be text; send it without a file name"
    return "is a file with an unknown name; send pictures as image or image[], a mask as mask"


def _is_text(given: str) -> bool:
    """Whether UTF-8 can encode it: some charsets produce lone surrogates."""
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True
