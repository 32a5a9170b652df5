"""The calls for what a server keeps, of the client that blocks: its answers and pictures, by their ids."""

from collections.abc import Iterator
from functools import partial

from imagewire._grpc.asking import Asking
from imagewire._grpc.store import stored_image, upload_messages
from imagewire._grpc.sync_calls import download, stream, unary, upload
from imagewire.answer import Answer
from imagewire.answer_builder import AnswerBuilder
from imagewire.chat import final, iterate
from imagewire.client_base import delete_request, picture_to_upload
from imagewire.images import Image, Picture, image_from_proto
from imagewire.lookups import Lookups
from imagewire.part import Chunk


class KeptCalls(Lookups):
    """What a Client can do with what its server keeps."""

    def resume(
        self, *, completion_id: str = "", request_id: str = "", timeout: float | None = None
    ) -> Iterator[tuple[Answer, Chunk]]:
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
            >>> with imagewire.Client() as client:
            ...     answer = client.chat.create().append("A banana").sample()
            ...     for again, chunk in client.resume(completion_id=answer.id):
            ...         if chunk.image:
            ...             print(chunk.image.sha256 == answer.image.sha256)
            True
        """
        yield from self._grown(self._resuming(completion_id, request_id, timeout))

    def get_completion(self, *, completion_id: str = "", request_id: str = "", timeout: float | None = None) -> Answer:
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
            >>> with imagewire.Client() as client:
            ...     answer = client.chat.create().append("A banana").sample()
            ...     print(client.get_completion(completion_id=answer.id).text == answer.text)
            True
        """
        return final(self.resume(completion_id=completion_id, request_id=request_id, timeout=timeout))

    def upload(self, picture: Picture, *, timeout: float | None = None) -> Image:
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
            >>> with imagewire.Client() as client:
            ...     cat = client.upload(client.draw("A cat"))
            ...     blue = client.draw("Make it blue", [cat])
        """
        given, sha256 = picture_to_upload(picture)
        messages = partial(upload_messages, given.data, given.mime_type, sha256)
        answer = upload(self._connection, messages, self._kept_call(timeout), self._wait)
        return image_from_proto(stored_image(answer, given.data, sha256), given.data)

    def download(self, image_id: str, *, timeout: float | None = None) -> Image:
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
            >>> with imagewire.Client() as client:
            ...     banana = client.draw("A banana")
            ...     print(client.download(banana.image_id).data == banana.data)
            True
        """
        asked = self._downloading(image_id, timeout)
        data = b"".join(download(self._connection, asked, self._wait))
        return image_from_proto(asked.image, data)

    def delete_image(self, image_id: str, *, timeout: float | None = None) -> None:
        """Remove a picture from the server. An answer that it is part of can no longer be resumed.

        Args:
            image_id: The picture's `image_id`.
            timeout: Seconds for the call. Default: the client's.

        Raises:
            ImageNotFound: The server keeps no such picture of this caller.
            KeepOff: The server keeps no pictures.
            ImagewireError: The call failed; see its subclasses.

        Examples:
            >>> with imagewire.Client() as client:
            ...     client.delete_image(client.draw("A banana").image_id)
        """
        unary(self._connection.images.DeleteImage, delete_request(image_id), self._kept_call(timeout), self._wait)

    def _grown(self, asking: Asking, keep_data: bool = True) -> Iterator[tuple[Answer, Chunk]]:
        """The answer as it grows, which knows its call."""
        events = stream(self._connection, asking, self._wait)
        yield from iterate(events, AnswerBuilder(keep_data=keep_data, facts=asking.call.facts))
