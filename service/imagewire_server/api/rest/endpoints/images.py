"""POST /v1/images/generations and /v1/images/edits."""

import asyncio
import re
from dataclasses import dataclass, field, replace

import msgspec
from starlette.datastructures import FormData, UploadFile

from imagewire_server.api.rest import form_names
from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.form import is_text, opened
from imagewire_server.api.rest.held_answer import HeldAnswer
from imagewire_server.api.rest.image_buffers import ImageBuffers, write
from imagewire_server.api.rest.leaving import leaving
from imagewire_server.api.rest.middleware import EXCHANGE, Exchange, Scope
from imagewire_server.api.rest.respond import Asked, Responder
from imagewire_server.api.rest.response import Send
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

_IMAGE = re.compile(r"image(\[\d{0,3}\])?")
_TEXTS = frozenset(field.encode_name for field in msgspec.structs.fields(ImagesRequest))
PATHS = {False: "/images/generations", True: "/images/edits"}
_SENT_AT_ONCE = 32 * 1024 * 1024


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
        path, count = PATHS[self.edits], b"%d" % (request.n or 1)
        # Where nothing is kept, pictures are data: URLs.
        by_url = "response_format" if request.response_format == "url" and self.responder.keeper.links else ""
        asked = await self.responder.asked(exchange, scope, builder, path, beside=count, by_url=by_url)
        if not request.stream:
            await self._answer(exchange, builder, request, asked, sent)
            return
        kind = "image_edit" if self.edits else "image_generation"
        drafts = request.partial_images or 0
        encoder = ImagesStream(kind, exchange.call.request_id, drafts=drafts, delivery=asked.delivery)
        await self.responder.stream(exchange, builder, encoder, asked)

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
        return request, builder, _bytes(pictures, mask)

    async def _answer(
        self, exchange: Exchange, builder: SpecBuilder, request: ImagesRequest, asked: Asked, sent: int
    ) -> None:
        """Make several calls at once, fewer at a time if the request is large, because each encodes it again.

        sent: bytes of pictures. If a call fails, the pictures of the others are not lost.
        """
        runs = [_Run(exchange.call.begin_part(), number, asked) for number in range(request.n or 1)]
        first = _First()
        limit = asyncio.Semaphore(max(1, _SENT_AT_ONCE // max(sent, 1)))
        try:
            async with leaving(exchange.receive, exchange.calls, exchange.call):
                try:
                    async with asyncio.TaskGroup() as group:
                        for run in runs:
                            group.create_task(run.draw(self.responder, builder, limit, first))
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
            for run, mine in zip([*drawn, _Run(Call(), 0, asked)], pieces, strict=True):
                await write(mine, run.buffers, exchange.response)
            await exchange.response.finish()
        finally:
            for run in runs:
                run.buffers.close()


@dataclass
class _First:
    """The first of several calls. The others begin when its own has: that completes the spec, which they share.

    error: why it could not begin, so that no other may.
    """

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    error: Error | None = None


class _Run:
    """One call of several. number: which of them it is, from 0."""

    def __init__(self, call: Call, number: int, asked: Asked) -> None:
        self._asked = replace(asked, delivery=asked.delivery.another())
        self.drawn = Drawn(self._asked.delivery)
        self._held = HeldAnswer(self._asked.delivery)
        self.buffers = self._held.buffers if self._asked.delivery.by_url else ImageBuffers()
        self.call = call
        self.error: Error | None = None
        self._number = number

    async def draw(self, responder: Responder, builder: SpecBuilder, limit: asyncio.Semaphore, first: _First) -> None:
        try:
            if self._number:
                await first.begun.wait()
            if first.error is not None:
                raise first.error
            drawing = responder.drawing(self.call, builder, self._asked, stream=False, number=self._number)
            async with limit, drawing as stream:
                first.begun.set()
                async for events in stream:
                    if self._asked.delivery.by_url:
                        await self._held.take(events)
                    else:
                        await self._take(events)
                await responder.settle_pictures(self.call, self._asked, self._held)
                await self._take(list(self._held.events()))
        except Error as error:
            if not first.begun.is_set():
                first.error = error
            self.error = error
        finally:
            first.begun.set()

    async def _take(self, events: list[StreamEvent]) -> None:
        for event in events:
            if isinstance(event, Chunk):
                await self.buffers.take(event, self.drawn.needs)
                continue
            kind = event.WhichOneof("event")
            self.drawn.add(kind, event)
            if kind == "part_finished":
                self.buffers.forget(self.drawn.needs)


_FormData = tuple[dict[str, object], list[tuple[str, bytes | str]], bytes | None, list[Violation]]


async def _form(exchange: Exchange, scope: Scope) -> _FormData:
    """Decode the fields, the pictures and the mask of multipart/form-data."""
    async with opened(exchange, scope, "send edits as multipart/form-data, with image or image[]") as form:
        return await _fields(exchange, form)


async def _fields(exchange: Exchange, form: FormData) -> _FormData:
    pictures: list[tuple[str, bytes | str]] = []
    mask: bytes | None = None
    fields: dict[str, object] = {}
    wrong: list[Violation] = []
    pairs: list[tuple[str, str]] = []
    for name, value in form.multi_items():
        if not is_text(name) or not (isinstance(value, UploadFile) or is_text(value)):
            raise InvalidRequest([Violation("body", "is not valid text in its charset; send it as UTF-8")])
        if isinstance(value, UploadFile):
            if name == "mask" and mask is None:
                mask = await value.read()
            elif _IMAGE.fullmatch(name):
                pictures.append((f"image[{len(pictures)}]", await value.read()))
            else:
                wrong.append(Violation(name[:200] or '""', _wrong_file(name)))
        elif _IMAGE.fullmatch(name):
            pictures.append((f"image[{len(pictures)}]", value))
        elif form_names.root(name) in FORM_JSON:
            pairs.append((name, value))
        elif name in fields:
            wrong.append(Violation(name[:200] or '""', given_twice.WORDS))
        else:
            fields[name] = value
    values = sum(json_scan.values(str(fields[name]).encode(), name) for name in FORM_JSON & fields.keys())
    exchange.call.large = values > FEW_VALUES or _bytes(pictures, mask) > LIGHT_BYTES
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
    nested, wrong_names = form_names.nested(pairs)
    wrong += [Violation(name, given_twice.WORDS) for name in nested.keys() & fields.keys()] + wrong_names
    fields = {**nested, **fields}
    if not pictures:
        wrong.append(Violation("image", "is required; send a file, or the id of one, as image or image[]"))
    return fields, pictures, mask, wrong


def _bytes(pictures: list[tuple[str, bytes | str]], mask: bytes | None) -> int:
    return sum(len(data) for _, data in pictures) + len(mask or b"")


def _wrong_file(name: str) -> str:
    if name == "mask":
        return given_twice.WORDS
    if name in _TEXTS:
        return "is a file, but must be text; send it without a file name"
    return "is a file with an unknown name; send pictures as image or image[], a mask as mask"
