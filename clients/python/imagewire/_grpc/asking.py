"""One answer that is asked for, apart from how a client waits: drawn once, and read to its end over any connections.

Each drawing has a request_id, so that its request can be sent again where the connection broke: a server that keeps
answers joins what it draws already, and one that keeps none refuses the id before it draws. An answer that has begun is
resumed behind the last byte that came.
"""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import grpc

from imagewire._grpc.call import Call
from imagewire._grpc.downloading import Downloading
from imagewire._grpc.status import broke_off
from imagewire._grpc.store import SMALL_FRAME, KnownStore, NamedPicture, name_large
from imagewire._grpc.verify import Verifier
from imagewire.errors import AnswerTooLarge, DeadlineExceeded, ImagewireError, InvalidRequest, NotSupported
from imagewire.v1.chat_service_pb2 import (
    CreateCompletionRequest,
    ResumeCompletionRequest,
    ResumeCompletionResponse,
    StreamCompletionRequest,
    StreamCompletionResponse,
)

_logger = logging.getLogger("imagewire")

# A server without a store says nothing about what another one may have drawn.
_WITHOUT_STORE = frozenset({"KEEP_OFF", "STORE_UNAVAILABLE"})

Drawn = CreateCompletionRequest | StreamCompletionRequest


class Asking:
    """How an answer is asked for, again where that costs nothing.

    request: what is drawn, or what is read of a server's store. Its pictures may be taken out of it. frame: the most
    bytes of a picture in a message, 0 for the server's default. request_id: the caller's own, "" for a new one.
    """

    def __init__(
        self, call: Call, store: KnownStore, request: Drawn | ResumeCompletionRequest, frame: int, request_id: str = ""
    ) -> None:
        self.call = call
        self._store = store
        self._request = request
        self._frame = frame
        self._own_id = not request_id
        self._named: dict[bytes, NamedPicture] = {}
        self._verifier = Verifier()
        self._position = 0, 0
        self._broken: ImagewireError | None = None
        if isinstance(request, ResumeCompletionRequest):
            return
        if request_id or not store.off:
            request.request_id = request_id or call.id
        if not store.off:
            self._named = name_large(request.spec)

    def begin(self, chat: Any) -> Any:
        """Start the next attempt on a stub of the ChatService."""
        method = {
            CreateCompletionRequest: chat.CreateCompletion,
            StreamCompletionRequest: chat.StreamCompletion,
            ResumeCompletionRequest: chat.ResumeCompletion,
        }[type(self._request)]
        return method(self._request, **self.call.attempt())

    def events(
        self, message: StreamCompletionResponse | ResumeCompletionResponse
    ) -> Iterator[StreamCompletionResponse]:
        """The events of the next message, each one checked. Raises CorruptAnswer."""
        event = message.event if isinstance(message, ResumeCompletionResponse) else message
        yield from self._verifier.events(event)

    def downloading(self, image_id: str) -> Downloading:
        """What asks for a picture that the answer has by its id."""
        return Downloading(self.call, image_id, self._frame)

    def finish(self) -> None:
        """The stream has ended. Raises CorruptAnswer where it may not end there."""
        self._verifier.close()

    def uploads(self) -> Iterator[NamedPicture]:
        """The pictures that the server must get before the next attempt."""
        for picture in list(self._named.values()):
            # One may be put back meanwhile.
            if picture.sha256 in self._named and picture.missing and not picture.uploaded:
                yield picture

    def not_uploaded(self, picture: NamedPicture, error: ImagewireError) -> None:
        """A picture could not be uploaded. It is sent with the request where that may do; else the error is raised."""
        if error.reason == "KEEP_OFF":
            self._store.off = True
            self._without_store()
        elif isinstance(error, InvalidRequest | NotSupported) or error.reason == "STORE_UNAVAILABLE":
            self._named.pop(picture.sha256).put_back()
        else:
            raise self._broken or error

    def delay(self, error: grpc.RpcError) -> float | None:
        """Seconds to wait before the next attempt, None where nothing is missing. Raises the error as ours."""
        broken = broke_off(error)
        ours = self.call.error(error)
        late = isinstance(ours, DeadlineExceeded) and not ours.reason
        if (broken or late) and self._verifier.is_finished:
            return None
        if self._changed(ours):
            self.call.was_refused()
            return 0.0
        free = broken and self._go_on(ours)
        begun = self._verifier.begun and not isinstance(self._request, ResumeCompletionRequest)
        try:
            return self.call.retry_delay(error, begun=begun, free=free)
        except AnswerTooLarge as last:
            raise _saying(last, self._at_no_cost()) from None
        except ImagewireError as last:
            # What was sent before the connection broke may have been drawn, whatever became of the attempts since.
            known = (last.reason and last.reason not in _WITHOUT_STORE) or isinstance(last, DeadlineExceeded)
            if self._broken is None:
                raise last from None
            last.retryable = last.retryable and not self.call.draws
            raise (last if known else self._broken) from None

    @contextlib.contextmanager
    def drawn(self) -> Iterator[None]:
        """What is done with an answer that was drawn. An error says so, and is no reason to draw it again."""
        try:
            yield
        except ImagewireError as error:
            error.retryable = False
            _saying(error, f"; the picture is drawn{self._at_no_cost()}")
            raise

    def _at_no_cost(self) -> str:
        """How to get an answer that was drawn. With a request_id, the server keeps it if it can."""
        if isinstance(self._request, ResumeCompletionRequest) or not self._request.request_id:
            return ""
        get = f"get_completion(request_id={self._request.request_id!r})"
        return f"; while the server keeps the answer, {get} gets it at no cost"

    def _changed(self, ours: ImagewireError) -> bool:
        """Change the request to what the server takes. Returns whether it did."""
        if isinstance(self._request, ResumeCompletionRequest):
            return False
        if ours.reason in _WITHOUT_STORE:
            if not self._own_id or not self._request.request_id or self._broken is not None:
                return False
            self._store.off |= ours.reason == "KEEP_OFF"
            _logger.info("request %s: %s: it is sent without request_id", self.call.facts.request_id, ours.reason)
            self._without_store()
            return True
        if ours.reason != "IMAGE_NOT_FOUND":
            return False
        missing = [
            picture for sha256, picture in self._named.items() if sha256.hex() in ours.metadata.get("missing", "")
        ]
        if not missing or any(picture.uploaded for picture in missing):
            return False
        for picture in missing:
            picture.missing = True
        return True

    def _without_store(self) -> None:
        """Send all of it with the request. A request_id of the caller's own stays, for the server to refuse."""
        for picture in self._named.values():
            picture.put_back()
        self._named.clear()
        if self._own_id and not isinstance(self._request, ResumeCompletionRequest):
            self._request.request_id = ""

    def _go_on(self, ours: ImagewireError) -> bool:
        """The connection broke. Returns whether the next attempt goes on, with nothing drawn anew."""
        self._broken = self._broken or ours
        verifier = self._verifier
        if isinstance(self._request, CreateCompletionRequest):
            return bool(self._request.request_id)
        position = verifier.position
        if position > self._position:
            self._position = position
            self.call.made_progress()
        elif verifier.begun:
            self._request.max_frame_bytes = SMALL_FRAME
        if not verifier.begun:
            return isinstance(self._request, ResumeCompletionRequest) or bool(self._request.request_id)
        if not verifier.is_kept:
            return False
        # By the request_id, where there is one: it knows whether the answer is from the answer cache.
        by_request = self._request.request_id
        self._request = ResumeCompletionRequest(
            completion_id=None if by_request else verifier.completion_id,
            request_id=by_request or None,
            after_sequence=position[0],
            offset=position[1],
            max_frame_bytes=self._request.max_frame_bytes,
        )
        return True


def _saying(error: ImagewireError, more: str) -> ImagewireError:
    """The error, whose message says more."""
    error.message += more
    error.args = (error.message,)
    return error
