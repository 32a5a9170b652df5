"""What both clients share: their settings, the requests they send, and everything else that waits for nothing."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType
from typing import Any, Generic, NoReturn, TypeVar

import grpc

from imagewire._grpc import channel, fork
from imagewire._grpc.asking import Asking
from imagewire._grpc.call import Call
from imagewire._grpc.channel import MAX_MESSAGE_BYTES, Metadata, OptionValue
from imagewire._grpc.downloading import Downloading
from imagewire._grpc.retry import RETRIES
from imagewire._grpc.sizes import LEAST_MESSAGE, Sizes
from imagewire._grpc.store import KnownStore
from imagewire.errors import Cancelled, invalid
from imagewire.images import Image, Picture, image
from imagewire.options import RequestParams, build_spec
from imagewire.tls import Tls
from imagewire.type_check import mismatch, require
from imagewire.v1.chat_service_pb2 import (
    CreateCompletionRequest,
    ResumeCompletionRequest,
    StreamCompletionRequest,
)
from imagewire.v1.image_service_pb2 import DeleteImageRequest
from imagewire.v1.model_service_pb2 import GetModelRequest, ListModelsRequest, ListModelsResponse, Model
from imagewire.wishes import Wish

# Ten years: gRPC's clock has an end.
_LONGEST = 10 * 365 * 86_400
_PAGE_SIZE = 1000
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_Interceptor = TypeVar("_Interceptor")


def _checked(timeout: float) -> float:
    """Raises InvalidRequest for what is no time that a call could have."""
    if mismatch(timeout, float) or not 0 < timeout <= _LONGEST:
        raise invalid("timeout", f"must be a number of seconds over 0, and no more than {_LONGEST}")
    return float(timeout)


def checked_uuid(request_id: str) -> str:
    """Raises InvalidRequest for what is neither empty nor a UUID in its usual form."""
    require("request_id", request_id, str)
    if request_id and not _UUID.fullmatch(request_id):
        raise invalid("request_id", "must be a UUID, such as str(uuid.uuid4())")
    return request_id


def _renamed(given: Any, name: str) -> FunctionType:
    made = FunctionType(given.__code__, given.__globals__, given.__name__, given.__defaults__, given.__closure__)
    made.__doc__, made.__annotations__, made.__kwdefaults__ = given.__doc__, given.__annotations__, given.__kwdefaults__
    made.__module__, made.__qualname__ = given.__module__, name
    return made


class ClientBase(Generic[_Interceptor]):
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
        interceptors: Sequence[_Interceptor] = (),
        channel_options: Sequence[tuple[str, OptionValue]] = (),
    ) -> None:
        """Make a client. Nothing is sent yet.

        Args:
            target: The server: "host:port", "unix:/path", "dns:///host:port", "https://host[:port]" for TLS, or
                "embedded" for a server inside this process. Default: the environment variable IMAGEWIRE_TARGET, else
                "127.0.0.1:50051".
            tls: True for TLS with gRPC's own roots, or a Tls with files. Default: TLS for "https://" alone.
            credentials: gRPC's channel credentials, for TLS in place of `tls`.
            api_key: The key that the server asks for. Default: IMAGEWIRE_API_KEY, else none.
            metadata: Pairs that are sent with every call. "x-request-id" among them is the id of every call.
            timeout: Seconds for a call that sets no timeout of its own, all its attempts together; None for no limit.
            retries: How often a call is repeated at most when the server said that nothing can have been charged.
                Default: 2.
            max_message_bytes: The largest message that is received, in bytes: at least 131072 (128 KiB). Default: 64
                MiB. It limits the answers of `create_completion`; streams send pictures of any size in frames that fit.
            interceptors: gRPC's own client interceptors, for unary and for streaming methods. The first one sees a call
                first. Each is called once for every attempt of a call.
            channel_options: gRPC's channel options, as pairs of name and value. They override the client's own of the
                same name.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: `target` is no server's address.
            InvalidRequest: Another argument has no meaning.
            NotSupported: `target` is "embedded", and no server is installed in this environment.
            OSError: A file of `tls` cannot be read.

        Examples:
            >>> client = imagewire.Client("127.0.0.1:50051", timeout=120, metadata=[("x-team", "art")])
            >>> client.close()
        """
        require("target", target, str | None)
        require("api_key", api_key, str | None)
        require("tls", tls, bool | Tls)
        require("credentials", credentials, grpc.ChannelCredentials | None)
        if not isinstance(interceptors, Iterable):
            raise TypeError(f"interceptors: must be a list of gRPC's interceptors, not {type(interceptors).__name__}")
        if mismatch(retries, int) or retries < 0:
            raise invalid("retries", "must be a whole number of at least 0")
        if mismatch(max_message_bytes, int) or max_message_bytes < LEAST_MESSAGE:
            raise invalid("max_message_bytes", f"must be a whole number from {LEAST_MESSAGE} to 2147483647")
        self._timeout = None if timeout is None else _checked(timeout)
        parsed = channel.parse_target(target)
        options = channel.channel_options(parsed.address, max_message_bytes, channel_options)
        if credentials is None and (tls or parsed.secure):
            credentials = (tls if isinstance(tls, Tls) else Tls()).credentials()
        self._address = parsed.address
        # A server inside this process may have ended when it was idle.
        self._wake: Callable[[], None] | None = getattr(parsed.address, "wake", None)
        self._metadata: Metadata = channel.metadata(api_key, metadata)
        self._retries = retries
        self._ended = False
        self._store = KnownStore()
        self._sizes = Sizes.of(options)
        self._connect(credentials, list(options.items()), interceptors)

    def __init_subclass__(cls) -> None:
        """Python names a method as it was defined, and users do not know this class."""
        super().__init_subclass__()
        if "__init__" not in cls.__dict__:
            cls.__init__ = _renamed(cls.__init__, f"{cls.__qualname__}.__init__")  # type: ignore[method-assign]

    def __reduce__(self) -> NoReturn:
        """A client is neither pickled nor copied. Raises TypeError."""
        raise TypeError(
            f"{type(self).__name__} cannot be pickled or copied, because it has connections: share the one that is"
            " there among threads, and make another in each process"
        )

    @property
    def target(self) -> str:
        """The server's address.

        Returns:
            The address as gRPC writes it: "host:port" or "unix:/path".

        Examples:
            >>> with imagewire.Client("127.0.0.1:50051") as client:
            ...     print(client.target)
            127.0.0.1:50051
        """
        return self._address

    def _connect(
        self,
        credentials: grpc.ChannelCredentials | None,
        options: list[tuple[str, OptionValue]],
        interceptors: Sequence[_Interceptor],
    ) -> None:
        raise NotImplementedError

    def _creating(
        self,
        model: str,
        prompt: str,
        timeout: float | None,
        wish: Wish,
        max_inline_bytes: int | None,
        params: RequestParams,
    ) -> Asking:
        """What asks for a whole answer."""
        if max_inline_bytes is not None and (wrong := mismatch(max_inline_bytes, int)):
            raise invalid("max_inline_bytes", wrong)
        inline = self._sizes.inline(max_inline_bytes)
        request = CreateCompletionRequest(spec=build_spec(model, prompt, **params), max_inline_bytes=inline)
        wish.put(request)
        return Asking(self._call(timeout), self._store, request, self._sizes.frame(), checked_uuid(wish.request_id))

    def _streaming(
        self,
        model: str,
        prompt: str,
        timeout: float | None,
        wish: Wish,
        max_frame_bytes: int,
        params: RequestParams,
        metadata: Sequence[tuple[str, str | bytes]] = (),
    ) -> Asking:
        """What asks for an answer's events. metadata: the call's own."""
        if wrong := mismatch(max_frame_bytes, int):
            raise invalid("max_frame_bytes", wrong)
        frame = self._sizes.frame(max_frame_bytes)
        spec = build_spec(model, prompt, **params)
        request = StreamCompletionRequest(spec=spec, max_frame_bytes=frame, batch=True)
        wish.put(request)
        return Asking(self._call(timeout, metadata), self._store, request, frame, checked_uuid(wish.request_id))

    def _resuming(self, completion_id: str, request_id: str, timeout: float | None) -> Asking:
        """What asks for the events of an answer that the server keeps. Raises InvalidRequest."""
        require("completion_id", completion_id, str)
        if bool(completion_id) == bool(checked_uuid(request_id)):
            raise invalid("completion_id", "is needed, or request_id, and not both: name the answer by one of them")
        frame = self._sizes.frame()
        request = ResumeCompletionRequest(completion_id=completion_id, max_frame_bytes=frame)
        if request_id:
            request.request_id = request_id
        return Asking(self._kept_call(timeout), self._store, request, frame)

    def _downloading(self, image_id: str, timeout: float | None) -> Downloading:
        """What asks for a picture's bytes. Raises InvalidRequest."""
        return Downloading(self._kept_call(timeout), _image_id(image_id), self._sizes.frame())

    def _call(self, timeout: float | None, metadata: Sequence[tuple[str, str | bytes]] = ()) -> Call:
        """A call that draws. metadata: the call's own.

        Raises Cancelled when the client is closed, NotSupported after a fork.
        """
        return self._prepared(self._retries, timeout, metadata, draws=True)

    def _kept_call(self, timeout: float | None) -> Call:
        """A call for what the server keeps. Raises as `_call`."""
        return self._prepared(self._retries, timeout)

    def _lookup(self, timeout: float | None = None) -> Call:
        """A call that draws nothing, so that the channel may repeat it by itself. Raises as `_call`."""
        return self._prepared(0, timeout)

    def _prepared(
        self,
        retries: int,
        timeout: float | None,
        metadata: Sequence[tuple[str, str | bytes]] = (),
        *,
        draws: bool = False,
    ) -> Call:
        seconds = self._timeout if timeout is None else _checked(timeout)
        if self._ended:
            raise Cancelled("the client is closed: make another", code="CANCELLED")
        fork.check()
        sent = (*channel.own_metadata(metadata), *self._metadata)
        return Call(self._address, sent, retries, seconds, draws=draws, closed=lambda: self._ended, wake=self._wake)


class ModelPages:
    """The pages of ListModels: what to ask next, and what has come."""

    def __init__(self) -> None:
        self.request: ListModelsRequest | None = ListModelsRequest(page_size=_PAGE_SIZE)
        self.models: list[Model] = []

    def add(self, page: ListModelsResponse) -> None:
        """Add the page that the request asked for."""
        self.models += page.models
        token = page.next_page_token
        self.request = ListModelsRequest(page_size=_PAGE_SIZE, page_token=token) if token else None


def model_request(name: str) -> GetModelRequest:
    """The request of GetModel. Raises TypeError."""
    require("name", name, str)
    return GetModelRequest(name=name)


def delete_request(image_id: str) -> DeleteImageRequest:
    """The request of DeleteImage. Raises InvalidRequest and TypeError."""
    return DeleteImageRequest(image_id=_image_id(image_id))


def picture_to_upload(picture: Picture) -> tuple[Image, bytes]:
    """The picture and its sha256. Raises what `imagewire.image` does, and InvalidRequest for an address."""
    given = image(picture)
    if not given.is_here:
        raise invalid("picture", "has no bytes here: give the file itself")
    return given, hashlib.sha256(given.data).digest()


def _image_id(image_id: str) -> str:
    require("image_id", image_id, str)
    if not image_id:
        raise invalid("image_id", "is empty: give the picture's image_id")
    return image_id
