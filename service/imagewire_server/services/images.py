"""ImageService: pictures by id, in and out of the store."""

import asyncio
import time
from collections.abc import AsyncIterator

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest, Stalled, Violation
from imagewire_server.core.kept_images import KeptImages, Received
from imagewire_server.services.context import CALL, Context


class ImageService:
    """See the contract. stall_timeout: seconds for a reader."""

    def __init__(self, images: KeptImages, *, stall_timeout: float) -> None:
        self._images = images
        self._stall_timeout = stall_timeout

    async def UploadImage(
        self, request_iterator: AsyncIterator[pb.UploadImageRequest], context: Context
    ) -> pb.UploadImageResponse:
        """Take a picture in."""
        call = CALL.get()
        first = await anext(request_iterator, None)
        if first is None or first.WhichOneof("event") != "image":
            raise InvalidRequest([Violation("image", "is required in the first message: what follows, without bytes")])
        async with self._images.receive(call.caller.id, first.image) as received:
            async for request in request_iterator:
                await _take(received, request)
            return pb.UploadImageResponse(image=await received.finish(time.time()))

    async def DownloadImage(self, request: pb.DownloadImageRequest, context: Context) -> bytes:
        """Hand a picture out."""
        validation.check(request)
        call = CALL.get()
        frame = request.max_frame_bytes or validation.FRAME_DEFAULT
        image, pieces = await self._images.open(call.caller.id, request.image_id, request.offset, frame)
        message = pb.DownloadImageResponse(image=image).SerializeToString()
        offset = request.offset
        async for data in pieces:
            await self._write(context, message)
            call.sent_bytes += len(message)
            chunk = pb.ImageData(offset=offset, data=data)
            message = pb.DownloadImageResponse(chunk=chunk).SerializeToString()
            offset += len(data)
            call.image_bytes += len(data)
        return message

    async def DeleteImage(self, request: pb.DeleteImageRequest, context: Context) -> pb.DeleteImageResponse:
        """Remove a picture."""
        validation.check(request)
        await self._images.delete(CALL.get().caller.id, request.image_id)
        return pb.DeleteImageResponse()

    async def _write(self, context: Context, message: bytes) -> None:
        try:
            async with asyncio.timeout(self._stall_timeout):
                await context.write(message)
        except TimeoutError as error:
            raise Stalled(f"the client did not read the picture for {self._stall_timeout:g} s") from error


async def _take(received: Received, request: pb.UploadImageRequest) -> None:
    if request.WhichOneof("event") != "chunk":
        raise InvalidRequest([Violation("chunk", "is required in all messages but the first")])
    await received.take(request.chunk.offset, request.chunk.data)
