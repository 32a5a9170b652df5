"""The calls for what a server keeps, of the client for asyncio: its answers and pictures, by their ids."""

import contextlib
from collections.abc import AsyncGenerator
from functools import partial

from imagewire._grpc.asking import Asking
from imagewire._grpc.async_calls import download, stream, unary, upload
from imagewire._grpc.store import stored_image, upload_messages
from imagewire.answer import Answer
from imagewire.answer_builder import AnswerBuilder
from imagewire.async_chat import afinal, aiterate
from imagewire.async_lookups import AsyncLookups
from imagewire.client_base import delete_request, picture_to_upload
from imagewire.images import Image, Picture, image_from_proto
from imagewire.part import Chunk


class AsyncKeptCalls(AsyncLookups):
    """What an AsyncClient can do with what its server keeps."""

    async def resume(
        self, *, completion_id: str = "", request_id: str = "", timeout: float | None = None
    ) -> AsyncGenerator[tuple[Answer, Chunk]]:
        """Read an answer again that the server keeps, while it is drawn or long after. Nothing is drawn anew.

        Args:
            completion_id: The answer's `id`.
            request_id: The UUID that it was asked for with, in place of `completion_id`.
            timeout: Seconds for the call. Default: the client's.

        Yields:
            The answer as far as it has come, always the same object, and what is new in it, from its start.

        Raises:
            CompletionNotFound: The server keeps no such answer of this caller.
            OutcomeUnknown: The server that drew it ended before it was complete.
            AnswerNotKept: It was drawn, but could not be kept.
            KeepOff: The server keeps no answers.
            ImagewireError: The call failed; see its subclasses.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         answer = await client.chat.create().append("A banana").sample()
            ...         async for again, chunk in client.resume(completion_id=answer.id):
            ...             if chunk.image:
            ...                 print(chunk.image.sha256 == answer.image.sha256)
            >>> asyncio.run(main())
            True
        """
        async with contextlib.aclosing(self._grown(self._resuming(completion_id, request_id, timeout))) as grown:
            async for each in grown:
                yield each

    async def get_completion(
        self, *, completion_id: str = "", request_id: str = "", timeout: float | None = None
    ) -> Answer:
        """Get an answer that the server keeps. If it is still drawn, this waits for its end. Nothing is drawn anew.

        Args:
            completion_id: The answer's `id`.
            request_id: The UUID that it was asked for with, in place of `completion_id`.
            timeout: Seconds for the call. Default: the client's.

        Returns:
            The whole answer, checked.

        Raises:
            ImagewireError: As `resume`.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         answer = await client.chat.create().append("A banana").sample()
            ...         return answer, await client.get_completion(completion_id=answer.id)
            >>> first, again = asyncio.run(main())
            >>> first.text == again.text
            True
        """
        return await afinal(self.resume(completion_id=completion_id, request_id=request_id, timeout=timeout))

    async def upload(self, picture: Picture, *, timeout: float | None = None) -> Image:
        """Store a picture on the server. Requests that use it later name it; its bytes go up once.

        Large pictures of requests are uploaded without being asked.

        Args:
            picture: The picture, as `imagewire.image` takes it, but no URI.
            timeout: Seconds for the call. Default: the client's.

        Returns:
            The picture with its `image_id`, its width and its height.

        Raises:
            InvalidRequest: It is no picture that the server takes, or has no bytes here.
            KeepOff: The server keeps no pictures.
            CorruptAnswer: The server stored another picture.
            ImagewireError: The call failed; see its subclasses.
            OSError: The picture's file cannot be read.
            TypeError: `picture` is no picture.
            ValueError: It is of a type that is not taken.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         cat = await client.upload(await client.draw("A cat"))
            ...         return await client.draw("Make it blue", [cat])
            >>> blue = asyncio.run(main())
        """
        given, sha256 = picture_to_upload(picture)
        messages = partial(upload_messages, given.data, given.mime_type, sha256)
        answer = await upload(self._connections.here(), messages, self._kept_call(timeout))
        return image_from_proto(stored_image(answer, given.data, sha256), given.data)

    async def download(self, image_id: str, *, timeout: float | None = None) -> Image:
        """Get a picture that the server keeps.

        Args:
            image_id: The picture's `image_id`.
            timeout: Seconds for the call. Default: the client's.

        Returns:
            The picture, checked against its size and SHA-256; `save` writes it to a file.

        Raises:
            ImageNotFound: The server keeps no such picture of this caller.
            KeepOff: The server keeps no pictures.
            ImagewireError: The call failed; see its subclasses.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         banana = await client.draw("A banana")
            ...         return banana, await client.download(banana.image_id)
            >>> first, again = asyncio.run(main())
            >>> first.data == again.data
            True
        """
        asked = self._downloading(image_id, timeout)
        data = b"".join([piece async for piece in download(self._connections.here(), asked)])
        return image_from_proto(asked.image, data)

    async def delete_image(self, image_id: str, *, timeout: float | None = None) -> None:
        """Remove a picture from the server. An answer that it is part of can no longer be resumed.

        Args:
            image_id: The picture's `image_id`.
            timeout: Seconds for the call. Default: the client's.

        Raises:
            ImageNotFound: The server keeps no such picture of this caller.
            KeepOff: The server keeps no pictures.
            ImagewireError: The call failed; see its subclasses.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         await client.delete_image((await client.draw("A banana")).image_id)
            >>> asyncio.run(main())
        """
        call, connection = self._kept_call(timeout), self._connections.here()
        await unary(connection.images.DeleteImage, delete_request(image_id), call, connection.wait)

    async def _grown(self, asking: Asking, keep_data: bool = True) -> AsyncGenerator[tuple[Answer, Chunk]]:
        """The answer as it grows, which knows its call."""
        events = stream(self._connections.here(), asking)
        builder = AnswerBuilder(keep_data=keep_data, facts=asking.call.facts)
        async with contextlib.aclosing(aiterate(events, builder)) as grown:
            async for each in grown:
                yield each
