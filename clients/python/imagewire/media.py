"""Media of an answer that is no picture, as Python objects: an encoded file and what is known of it."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from imagewire import file_bytes, files
from imagewire.v1 import message_pb2


@dataclass(frozen=True, slots=True)
class Media:
    """Media of an answer that is no picture: audio, video, a document.

    uri: where it is, when the provider wrote it elsewhere; then no bytes are here. mime_type: its media type, such as
    "audio/wav". size_bytes: of the file. sha256: of the file, in hexadecimal digits. display_name: the provider's name
    of it, mostly empty. thought: whether the model made it on its way.
    """

    _data: bytes | None = field(default=None, repr=False)
    uri: str = ""
    mime_type: str = ""
    size_bytes: int = 0
    sha256: str = ""
    display_name: str = ""
    thought: bool = False

    @property
    def data(self) -> bytes:
        """The file. Raises ValueError when it is not here: written elsewhere, or gone by in frames."""
        return file_bytes.here(self._data, "file", self.uri)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it, as Image.save: "story" becomes "story.wav", and so does "story.png"."""
        return files.save(Path(path), self.data, self.mime_type)


def media_from_proto(message: message_pb2.Media, data: bytes | None = None, *, thought: bool = False) -> Media:
    """The contract's media. data: its bytes, where they came apart from it."""
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
    """The contract's media. Raises ValueError when its bytes are not here."""
    if given.uri:
        return message_pb2.Media(uri=given.uri, mime_type=given.mime_type, display_name=given.display_name)
    return message_pb2.Media(data=given.data, mime_type=given.mime_type, display_name=given.display_name)
