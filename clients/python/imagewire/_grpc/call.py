"""One call, apart from how a client waits for it: its id, its metadata, its attempts and what its failures mean."""

import copy
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import TypedDict

import grpc

from imagewire._grpc.channel import Metadata
from imagewire._grpc.retry import Attempts
from imagewire._grpc.status import MAY_BE_CHARGED, NOTHING_CHARGED, from_grpc, is_unsent
from imagewire.call_facts import CallFacts
from imagewire.errors import Cancelled, ImagewireError

_REQUEST_ID = "x-request-id"
_logger = logging.getLogger("imagewire")


class Settings(TypedDict):
    """What each attempt is made with, as gRPC's stubs take it. timeout: seconds, None for no limit."""

    timeout: float | None
    metadata: Metadata


class Call:
    """A call and its attempts. It has one id in the logs of both sides, the caller's where the metadata have one.

    id: a UUID for this call alone. draws: whether it may be charged.

    target: the server, for messages. metadata: what the client sends with every call. retries: how many attempts may
    follow the first. timeout: seconds for all attempts together, None for no limit.
    closed: whether the client is. wake: makes sure that the server runs.
    """

    def __init__(
        self,
        target: str,
        metadata: Metadata,
        retries: int,
        timeout: float | None,
        *,
        draws: bool,
        closed: Callable[[], bool],
        wake: Callable[[], None] | None = None,
    ) -> None:
        self._target = target
        self._attempts = Attempts(retries, timeout)
        given = next((value for name, value in metadata if name == _REQUEST_ID), None)
        self.id = str(uuid.uuid4())
        self.facts = CallFacts(self.id if given is None else str(given))
        self._metadata = metadata if given is not None else (*metadata, (_REQUEST_ID, self.facts.request_id))
        self.draws = draws
        self._closed = closed
        self._wake = wake
        # Whether the last attempt may be charged, and whether one before it may.
        self._is_open = self._was_open = False

    def for_free(self) -> "Call":
        """A part of the call that draws nothing, with the same time and the same attempts."""
        made = copy.copy(self)
        made.draws = False
        return made

    def settings(self) -> Settings:
        """For a request that has the time that is left."""
        return {"timeout": self._attempts.left(), "metadata": self._metadata}

    def attempt(self) -> Settings:
        """For the next attempt, which is logged."""
        if self._wake is not None:
            self._wake()
        _logger.info("request %s: attempt %d, to %s", self.facts.request_id, self._attempts.number, self._target)
        self._was_open |= self._is_open
        self._is_open = True
        return self.settings()

    def was_refused(self) -> None:
        """The last attempt was refused, or never sent: nothing of it is charged."""
        self._is_open = False

    def settle(self, trailers: Iterable[tuple[str, str | bytes]]) -> None:
        """Note what the server says at the end of a good answer."""
        self.facts.read(trailers)

    def check_open(self) -> None:
        """Raise Cancelled when the client was closed. It is retryable where each attempt to draw was refused."""
        if self._closed():
            free = self.draws and not (self._is_open or self._was_open)
            charged = f": {NOTHING_CHARGED if free else MAY_BE_CHARGED}" if self.draws else ""
            raise Cancelled(
                f"the client was closed before the answer was whole{charged}",
                code="CANCELLED",
                request_id=self.facts.request_id,
                retryable=free,
            ) from None

    def error(self, error: grpc.RpcError) -> ImagewireError:
        """gRPC's error as ours."""
        if error.code() is grpc.StatusCode.CANCELLED:
            self.check_open()
        return from_grpc(error, self._target, self.facts.request_id, draws=self.draws)

    def made_progress(self) -> None:
        """See Attempts."""
        self._attempts.made_progress()

    def retry_delay(self, error: grpc.RpcError, *, begun: bool = False, free: bool = False) -> float:
        """Seconds to wait before the next attempt. Raises the error as ours where there is none.

        begun: whether the answer had begun, so that the call cannot be made again. free: whether the next attempt costs
        nothing, whatever the error says.
        """
        ours = self.error(error)
        failed = f"{ours.code} {ours.reason}".strip()
        _logger.info("request %s: attempt %d failed: %s", self.facts.request_id, self._attempts.number, failed)
        if ours.retryable and not begun:
            self.was_refused()
        return self._attempts.delay(ours, begun=begun, unsent=not ours.reason and is_unsent(error), free=free)
