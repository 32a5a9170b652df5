"""What both clients know: where the server is, how calls are made and what goes with each of them."""

import contextlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.wrappers_pb2 import Int32Value

from imagewire._grpc import channel, fork
from imagewire._grpc.channel import MAX_MESSAGE_BYTES, Metadata, Tls
from imagewire._grpc.health import status_name
from imagewire._grpc.retry import RETRIES
from imagewire._grpc.status import from_grpc
from imagewire.errors import Cancelled, invalid
from imagewire.options import Wishes, build_spec
from imagewire.type_check import mismatch
from imagewire.v1.chat_service_pb2 import CreateCompletionRequest, StreamCompletionRequest

# Ten years: gRPC's clock has an end.
_LONGEST = 10 * 365 * 86_400
_REQUEST_ID = "x-request-id"
_VERSION = "x-imagewire-version"


@dataclass(frozen=True, slots=True)
class Pong:
    """A server that answered. status: "SERVING" or "NOT_SERVING". version: the server's. seconds: of a round trip."""

    status: str
    version: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes with one call, all its attempts included."""

    request_id: str
    metadata: Metadata


def _checked(timeout: float) -> float:
    """Raises InvalidRequest for what is no time that a call could have."""
    if mismatch(timeout, float) or not 0 < timeout <= _LONGEST:
        raise invalid("timeout", f"must be a number of seconds over 0, and no more than {_LONGEST}")
    return float(timeout)


class Base:
    """The part of a client that waits for nothing."""

    def __init__(
        self,
        target: str | None = None,
        *,
        tls: bool | Tls = False,
        credentials: grpc.ChannelCredentials | None = None,
        api_key: str | None = None,
        metadata: Sequence[tuple[str, str | bytes]] = (),
        timeout: float | None = 600.0,
        retries: int = RETRIES,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
    ) -> None:
        if mismatch(retries, int) or retries < 0:
            raise invalid("retries", "must be a whole number of at least 0")
        if mismatch(max_message_bytes, int) or max_message_bytes < 1:
            raise invalid("max_message_bytes", "must be a whole number from 1 to 2147483647")
        self._timeout = None if timeout is None else _checked(timeout)
        parsed = channel.parse_target(target)
        if credentials is None and (tls or parsed.secure):
            credentials = (tls if isinstance(tls, Tls) else Tls()).credentials()
        self._address = parsed.address
        self._metadata: Metadata = channel.metadata(api_key, metadata)
        self._retries = retries
        self._ended = False
        self._inline_bytes = channel.inline_bytes(max_message_bytes)
        self._connect(credentials, channel.options(max_message_bytes))

    @property
    def target(self) -> str:
        """The address that is asked."""
        return self._address

    def _connect(self, credentials: grpc.ChannelCredentials | None, options: list[tuple[str, int | str]]) -> None:
        raise NotImplementedError

    def _create(self, model: str, prompt: str, max_inline_bytes: int | None, wishes: Wishes) -> CreateCompletionRequest:
        if max_inline_bytes is not None and (wrong := mismatch(max_inline_bytes, int)):
            raise invalid("max_inline_bytes", wrong)
        inline = self._inline_bytes if max_inline_bytes is None else max_inline_bytes
        return CreateCompletionRequest(spec=build_spec(model, prompt, **wishes), max_inline_bytes=inline)

    def _stream(self, model: str, prompt: str, max_frame_bytes: int, wishes: Wishes) -> StreamCompletionRequest:
        if wrong := mismatch(max_frame_bytes, int):
            raise invalid("max_frame_bytes", wrong)
        spec = build_spec(model, prompt, **wishes)
        return StreamCompletionRequest(spec=spec, max_frame_bytes=max_frame_bytes, batch=True)

    def _seconds(self, timeout: float | None) -> float | None:
        return self._timeout if timeout is None else _checked(timeout)

    def _sent(self) -> Sent:
        """A call has one id in the logs of both sides, the caller's where the metadata have one.

        Raises Cancelled when the client is closed, NotSupported after a fork.
        """
        if self._ended:
            raise Cancelled("the client is closed: make another", code="CANCELLED")
        fork.check()
        given = next((value for name, value in self._metadata if name == _REQUEST_ID), None)
        if given is not None:
            return Sent(str(given), self._metadata)
        made = uuid.uuid4().hex
        return Sent(made, (*self._metadata, (_REQUEST_ID, made)))

    @contextlib.contextmanager
    def _translated(self) -> Iterator[Sent]:
        """A call whose failure is ours in place of gRPC's."""
        sent = self._sent()
        try:
            yield sent
        except grpc.RpcError as error:
            raise from_grpc(error, self.target, sent.request_id) from None

    def _pong(self, answer: Int32Value, header: Iterable[tuple[str, str | bytes]], seconds: float) -> Pong:
        version = next((str(value) for name, value in header if name == _VERSION), "")
        return Pong(status_name(answer), version, seconds)
