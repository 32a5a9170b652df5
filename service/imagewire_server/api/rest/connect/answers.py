"""The answer to a call: one message, or a stream of envelopes. Each is the Context of its service."""

from collections.abc import Sequence

from google.rpc.status_pb2 import Status

from imagewire_server.api.rest.response import SEND_BYTES, Response
from imagewire_server.api.rest.status import Headers
from imagewire_server.contract import pb
from imagewire_server.formats.connect import errors, proto_json
from imagewire_server.formats.connect.envelope import head
from imagewire_server.formats.connect.errors import Metadata
from imagewire_server.formats.connect.kinds import Kind

# A larger answer waits for its reader on disk.
_IN_MEMORY = 256 * 1024


class Answer:
    """What both have in common. kind: of the call. answer: the type of the method's."""

    def __init__(self, response: Response, kind: Kind, answer: type[pb.ProtoMessage]) -> None:
        self._response = response
        self._kind = kind
        self._answer = answer
        response.typed(kind.content_type.encode())

    async def send_initial_metadata(self, metadata: Sequence[tuple[str, str]], /) -> None:
        """Send headers, with the first message."""
        self._response.add(_headers(metadata))

    def encoded(self, message: pb.ProtoMessage | bytes) -> bytes:
        """A message as the call wants it. Those of streams are serialized already."""
        if not self._kind.json:
            return message if isinstance(message, bytes) else message.SerializeToString()
        return proto_json.encode(self._answer.FromString(message) if isinstance(message, bytes) else message)


class UnaryAnswer(Answer):
    """Connect's answer to a unary call. Its trailers are headers, as it is whole when it is sent."""

    async def write(self, message: bytes, /) -> None:
        """Not of a unary call."""
        raise NotImplementedError

    async def finish(self, message: bytes, metadata: Metadata) -> None:
        """Send the answer."""
        self._response.add(_headers(metadata, "trailer-"))
        if len(message) <= _IN_MEMORY:
            await self._response.whole(200, message)
            return
        self._response.hold()
        await self._response.write(message)
        del message
        await self._response.finish()

    @property
    def broken(self) -> bool:
        """Whether it is too late to send an error."""
        return self._response.started

    async def fail(self, status: Status, metadata: Metadata, http_status: int, headers: Headers) -> None:
        """Send the error."""
        self._response.add(_headers(metadata, "trailer-"))
        self._response.typed(b"application/json")
        await self._response.whole(http_status, errors.body(status), headers)


class TextAnswer(UnaryAnswer):
    """The answer to what speaks neither protocol: an HTTP status, and words for people."""

    async def fail(self, status: Status, metadata: Metadata, http_status: int, headers: Headers) -> None:
        """Send the error."""
        self._response.typed(b"text/plain; charset=utf-8")
        await self._response.whole(http_status, f"{status.message}\n".encode(), headers)


class StreamAnswer(Answer):
    """A stream of Connect, or any answer of gRPC-Web: errors and trailers are in its last envelope."""

    def __init__(self, response: Response, kind: Kind, answer: type[pb.ProtoMessage]) -> None:
        super().__init__(response, kind, answer)
        self.broken = False  # inside an envelope: nothing can follow
        self._end = errors.web_trailers if kind.web else errors.end_of_stream
        response.add([(b"x-accel-buffering", b"no")])  # otherwise nginx holds back what is drawn

    async def write(self, message: bytes, /) -> None:
        """Send a message; returns when the client has taken it. Raises Stalled."""
        data = self.encoded(message)
        self.broken = len(data) > SEND_BYTES  # it is sent in pieces, and the call may end between them
        await self._response.write(b"".join((head(len(data)), data)))
        self.broken = False

    async def finish(self, message: bytes, metadata: Metadata) -> None:
        """Send the last message and the end."""
        if len(message) > _IN_MEMORY and not self._response.started:
            self._response.hold()
        await self._response.write(b"".join((head(len(message)), message)))
        del message
        await self._response.write(self._end(None, metadata))
        await self._response.finish()

    async def fail(self, status: Status, metadata: Metadata, http_status: int, headers: Headers) -> None:
        """Send the error, behind what was sent before it."""
        await self._response.write(self._end(status, metadata))
        await self._response.finish()


def _headers(metadata: Metadata, prefix: str = "") -> Headers:
    return [(f"{prefix}{name}".encode(), value.encode()) for name, value in metadata]
