"""/v1/files: input pictures that are sent once and named by their id afterwards."""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.datastructures import FormData, UploadFile

from imagewire_server.api.rest.body import Receive
from imagewire_server.api.rest.endpoints.pictures import send_kept
from imagewire_server.api.rest.form import opened
from imagewire_server.api.rest.middleware import EXCHANGE, Exchange, Scope
from imagewire_server.api.rest.response import Send
from imagewire_server.contract import image_header, pb
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.limits import LIGHT_BYTES
from imagewire_server.core.kept_images import KeptImages
from imagewire_server.core.offload import run_for_call

_PURPOSES = ("vision", "user_data")
_FIELDS = frozenset({"file", "purpose"})
_CHUNK = 1024 * 1024
# The names of the fields of an upload, as a form has them.
_NAMES = {"image.mime_type": "file", "chunk.data": "file", "image.size_bytes": "file"}


@dataclass(frozen=True, slots=True)
class FilesEndpoint:
    """POST /v1/files: a form with a picture."""

    images: KeptImages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange: Exchange = scope[EXCHANGE]
        async with opened(exchange, scope, "send multipart/form-data, with file and purpose") as form:
            file, purpose = _fields(form)
            data = await file.read()
        exchange.call.large = len(data) > LIGHT_BYTES
        digest = await run_for_call(exchange.call, lambda: hashlib.sha256(data).digest())
        header = image_header.read(data[: image_header.ENOUGH])
        if header is None:
            raise InvalidRequest([Violation("file", "is not a supported picture; send PNG, JPEG, WebP, HEIC or HEIF")])
        image = pb.Image(mime_type=header.mime_type, size_bytes=len(data), sha256=digest)
        try:
            async with self.images.receive(exchange.call.caller.id, image) as received:
                for at in range(0, len(data), _CHUNK):
                    await received.take(at, data[at : at + _CHUNK])
                kept = await received.finish(time.time())
        except InvalidRequest as error:
            raise InvalidRequest(
                [Violation(_NAMES.get(v.field, v.field), v.description) for v in error.violations]
            ) from None
        described = await _described(self.images, exchange.call.caller.id, kept.image_id)
        name = (file.filename or "")[:255] or described["filename"]
        await _send(exchange, described | {"filename": name, "purpose": purpose})


@dataclass(frozen=True, slots=True)
class FileEndpoint:
    """GET and DELETE /v1/files/{id}, of any picture that is kept. content: whether its bytes are asked."""

    images: KeptImages
    content: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange: Exchange = scope[EXCHANGE]
        caller, ident = exchange.call.caller.id, scope["path_params"]["id"]
        if self.content:
            await send_kept(exchange, scope, self.images, caller, ident, 0)
        elif scope["method"] == "DELETE":
            await self.images.delete(caller, ident)
            await _send(exchange, {"id": ident, "object": "file", "deleted": True})
        else:
            await _send(exchange, await _described(self.images, caller, ident))


async def _described(images: KeptImages, caller: str, ident: str) -> dict[str, Any]:
    """OpenAI's object of a file. The name that it was sent with is not kept."""
    kept = await images.find(caller, ident)
    return {
        "id": kept.image_id,
        "object": "file",
        "bytes": kept.size,
        "created_at": int(kept.expires - images.ttl),
        "expires_at": int(kept.expires),
        "filename": f"{kept.image_id}.{kept.mime_type.partition('/')[2]}",
        "purpose": _PURPOSES[0],
        "status": "processed",
    }


def _fields(form: FormData) -> tuple[UploadFile, str]:
    found: list[Violation] = []
    for name in dict.fromkeys(name for name, _ in form.multi_items()):
        if name not in _FIELDS:
            found.append(Violation(name[:200] or '""', "is not supported; leave it out"))
        elif len(form.getlist(name)) > 1:
            found.append(Violation(name, "is sent twice; send it once"))
    file, purpose = form.get("file"), form.get("purpose")
    if not isinstance(file, UploadFile):
        found.append(Violation("file", "is required: a picture, as a file"))
    if purpose not in _PURPOSES:
        found.append(Violation("purpose", f"must be {' or '.join(_PURPOSES)}: files are input pictures here"))
    if found or not isinstance(file, UploadFile):
        raise InvalidRequest(found)
    return file, str(purpose)


async def _send(exchange: Exchange, value: dict[str, Any]) -> None:
    await exchange.response.whole(200, msgspec.json.encode(value))
