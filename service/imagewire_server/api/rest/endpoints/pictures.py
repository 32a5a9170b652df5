"""Pictures by themselves: a picture that is kept, in whole or in part, and one that is still being drawn."""

import re
import time
from contextlib import aclosing
from dataclasses import dataclass

from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.leaving import leaving
from imagewire_server.api.rest.middleware import EXCHANGE, Exchange, Scope
from imagewire_server.api.rest.respond import Responder
from imagewire_server.api.rest.response import Send
from imagewire_server.api.rest.status import Headers
from imagewire_server.contract import image_header, pb
from imagewire_server.contract.errors import Error, Stalled
from imagewire_server.contract.events import Chunk
from imagewire_server.contract.keep_errors import ImageDamaged, ImageNotFound
from imagewire_server.core.access.caller import Caller
from imagewire_server.core.call import Call
from imagewire_server.core.kept_images import KeptImages
from imagewire_server.core.picture_links import Link

_FRAME = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_UNKNOWN = "application/octet-stream"
# Pictures are the model's, or a caller's: nothing in them may run in the origin of this server.
_SAFE: Headers = [(b"x-content-type-options", b"nosniff"), (b"content-security-policy", b"default-src 'none'; sandbox")]


async def send_kept(
    exchange: Exchange, scope: Scope, images: KeptImages, caller: str, image_id: str, max_age: int
) -> None:
    """Send a picture that is kept, or what a Range asks of it. max_age: seconds. Raises ImageNotFound.

    Its beginning is read before the answer starts, so that a picture that cannot be read has an error's status.
    """
    image = await images.find(caller, image_id)
    size, call, response = image.size, exchange.call, exchange.response
    etag = f'"{image.sha256.hex()}"'
    headers: Headers = [(b"etag", etag.encode()), (b"accept-ranges", b"bytes"), *_SAFE]
    response.cached(max_age)
    response.typed((image.mime_type or _UNKNOWN).encode("latin-1", "replace"))
    if {etag, "*"} & _listed(call.header("if-none-match")):
        await response.begin(304, headers)
        return
    begin, end, status = 0, size, 200
    asked = call.header("range") if call.header("if-range") in {"", etag} else ""
    if (match := _RANGE.fullmatch(asked)) and any(match.groups()):
        begin, end = _span(match[1], match[2], size)
        if begin >= end:
            await response.begin(416, [*headers, (b"content-range", b"bytes */%d" % size), (b"content-length", b"0")])
            return
        status = 206
        headers.append((b"content-range", b"bytes %d-%d/%d" % (begin, end - 1, size)))
    headers.append((b"content-length", b"%d" % (end - begin)))
    pieces = await images.read(image, begin, _FRAME)
    async with aclosing(pieces):
        data = await anext(pieces, b"")
        if scope["method"] == "HEAD":
            await response.begin(status, headers)
            return
        await response.begin(status, headers, more=True)
        while data and begin < end:
            await response.write(data[: end - begin])
            call.image_bytes += len(data[: end - begin])
            begin += len(data)
            data = await anext(pieces, b"") if begin < end else b""
    await response.finish()


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """The first byte of a Range, and the one behind its last."""
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


def _listed(tags: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in tags.split(",")}


@dataclass(frozen=True, slots=True)
class PictureEndpoint:
    """GET /v1/images/files/{token}: for whoever has the URL, until it expires. It works while the picture is drawn."""

    responder: Responder
    images: KeptImages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange: Exchange = scope[EXCHANGE]
        links = self.responder.keeper.links
        link = links.read(scope["path_params"]["token"]) if links is not None else None
        if links is None or link is None:
            raise ImageNotFound("there is no such picture, or its URL has expired")
        max_age = max(int(link.expires - time.time()), 0)
        # Asked first: a picture that is not there when its drawing is over was not drawn to its end.
        is_drawn = await self.responder.keeper.is_drawn(link.caller, link.completion_id)
        try:
            await send_kept(exchange, scope, self.images, link.caller, links.image_id(link), max_age)
        except ImageDamaged:
            raise
        except ImageNotFound as error:
            if exchange.response.started:
                raise
            if not is_drawn:
                raise _incomplete() from error
            async with leaving(exchange.receive, exchange.calls, exchange.call):
                await self._send_drawn(exchange, link, max_age, only_head=scope["method"] == "HEAD")

    async def _send_drawn(self, exchange: Exchange, link: Link, max_age: int, *, only_head: bool) -> None:
        """Send a picture while it is drawn. Its size and hash are not known yet."""
        response, key = exchange.response, (link.candidate_index, link.part_index)
        response.cached(max_age)
        mime_type = ""
        call, answer = Call(caller=Caller(link.caller)), pb.ResumeCompletionRequest(completion_id=link.completion_id)
        try:
            async with await self.responder.keeper.resume(call, answer) as reader:
                async for events in reader:
                    for event in events:
                        if isinstance(event, Chunk):
                            if (event.candidate_index, event.part_index) != key:
                                continue
                            if not response.started:
                                response.typed((mime_type or _sniffed(event.data)).encode("latin-1", "replace"))
                                await response.begin(200, _SAFE, more=not only_head)
                            if only_head:
                                return
                            exchange.call.image_bytes += len(event.data)
                            await response.write(event.data)
                        elif event.HasField("part_started") and _is_at(event.part_started, key):
                            mime_type = event.part_started.mime_type
                        elif event.HasField("part_finished") and _is_at(event.part_finished, key) and response.started:
                            await response.finish()
                            return
        except Stalled:
            raise
        except Error as error:
            if response.started:
                raise
            raise _incomplete() from error
        raise ImageNotFound("there is no such picture")


def _incomplete() -> ImageNotFound:
    return ImageNotFound("this picture was not drawn to its end, or is no longer kept")


def _is_at(part: pb.PartStarted | pb.PartFinished, key: tuple[int, int]) -> bool:
    return (part.candidate_index, part.part_index) == key


def _sniffed(head: bytes) -> str:
    header = image_header.read(head)
    return header.mime_type if header else _UNKNOWN
