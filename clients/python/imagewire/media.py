"""Audio, video and documents of an answer: a file and what is known of it."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from imagewire import files
from imagewire.file_bytes import require_bytes
from imagewire.short_repr import short_repr
from imagewire.v1 import message_pb2


@dataclass(frozen=True, slots=True, repr=False)
class Media:
    """Media of an answer that is no picture: audio, video, a document.

    Attributes:
        uri: The address, when the provider wrote it to a bucket. The bytes are not here then.
        mime_type: The media type, such as "audio/wav".
        size_bytes: The size of the file, in bytes.
        sha256: The SHA-256 of the file, in hexadecimal digits.
        display_name: The provider's name of it; mostly "".
        thought: Whether it belongs to the model's thinking.

    Examples:
        >>> with imagewire.Client() as client:
        ...     answer = client.chat.create().append("A banana").sample()
        ...     saved = [media.save("story") for media in answer.media]
    """

    _data: bytes | None = field(default=None, repr=False)
    uri: str = ""
    mime_type: str = ""
    size_bytes: int = 0
    sha256: str = ""
    display_name: str = ""
    thought: bool = False

    __repr__ = short_repr

    @property
    def is_here(self) -> bool:
        """Whether the bytes are here.

        Returns:
            False if the file has only an address, or its bytes were not kept (`Chat.frames`).

        Examples:
            >>> imagewire.Media(uri="gs://bucket/story.wav").is_here
            False
        """
        return self._data is not None

    @property
    def data(self) -> bytes:
        """The file.

        Returns:
            Its bytes.

        Raises:
            ValueError: The bytes are not here; the message says where they are.

        Examples:
            >>> with imagewire.Client() as client:
            ...     answer = client.chat.create().append("A banana").sample()
            ...     sizes = [len(media.data) for media in answer.media]
        """
        return require_bytes(self._data, "file", self.uri)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the media to a file, completely or not at all. A file of that name is replaced.

        Args:
            path: The file's name. Its suffix is set to that of the media type: "story" becomes "story.wav".

        Returns:
            The name that the file got.

        Raises:
            OSError: The file cannot be written.
            FileExistsError: The suffix was another type's, and a file with the fitting one is there.
            ValueError: The bytes are not here.

        Examples:
            >>> with imagewire.Client() as client:
            ...     for media in client.chat.create().append("A banana").sample().media:
            ...         print(media.save("story"))
        """
        return files.save(Path(path), self.data, self.mime_type)


def media_from_proto(message: message_pb2.Media, data: bytes | None = None, *, thought: bool = False) -> Media:
    """A Media of a protobuf message. data: the bytes, where they arrived separately."""
    return Media(
        data if data is not None or message.WhichOneof("source") != "data" else message.data,
        message.uri,
        message.mime_type,
        message.size_bytes,
        message.sha256.hex(),
        message.display_name,
        thought,
    )


def media_to_proto(given: Media) -> message_pb2.Media:
    """The protobuf message of a Media. Raises ValueError without the bytes."""
    if given.uri:
        return message_pb2.Media(uri=given.uri, mime_type=given.mime_type, display_name=given.display_name)
    return message_pb2.Media(data=given.data, mime_type=given.mime_type, display_name=given.display_name)
