"""A picture that is downloaded, apart from how a client waits: over any connections, and checked at its end."""

import hashlib

import grpc

from imagewire._grpc.call import Call
from imagewire._grpc.status import broke_off
from imagewire._grpc.store import SMALL_FRAME
from imagewire.errors import CorruptAnswer
from imagewire.v1.image_pb2 import Image
from imagewire.v1.image_service_pb2 import DownloadImageRequest, DownloadImageResponse


class Downloading:
    """How a picture is asked for. frame: the most bytes of it in a message, 0 for the server's default.

    image: what is known of it, once the first message has come.
    """

    def __init__(self, call: Call, image_id: str, frame: int) -> None:
        self.call = call
        self.image = Image()
        self._image_id = image_id
        self._frame = frame
        self._size = self._asked = 0
        self._hash = hashlib.sha256()

    def request(self) -> DownloadImageRequest:
        """What the next attempt asks for: the bytes that are missing."""
        return DownloadImageRequest(image_id=self._image_id, offset=self._size, max_frame_bytes=self._frame)

    def take(self, message: DownloadImageResponse) -> bytes:
        """The bytes of the next message, which may be none. Raises CorruptAnswer."""
        if message.WhichOneof("event") == "image":
            self.image = message.image
            return b""
        if message.chunk.offset != self._size:
            raise CorruptAnswer(f"a picture's bytes go on at {message.chunk.offset} where {self._size} was due")
        data = message.chunk.data
        self._size += len(data)
        if self._size > self.image.size_bytes:
            most = self.image.size_bytes
            raise CorruptAnswer(f"a picture has {self._size} bytes or more where {most} were announced")
        self._hash.update(data)
        return data

    def finish(self) -> None:
        """The stream has ended. Raises CorruptAnswer where the picture is not whole."""
        if self._size != self.image.size_bytes:
            raise CorruptAnswer(f"a picture has {self._size} bytes where {self.image.size_bytes} were announced")
        if self._hash.digest() != self.image.sha256:
            raise CorruptAnswer("a picture was damaged on its way: its sha256 differs")

    def delay(self, error: grpc.RpcError) -> float:
        """Seconds to wait before the next attempt. Raises the error as ours where there is none."""
        if self._size > self._asked:
            self._asked = self._size
            self.call.made_progress()
        else:
            self._frame = SMALL_FRAME
        return self.call.retry_delay(error, free=broke_off(error))
