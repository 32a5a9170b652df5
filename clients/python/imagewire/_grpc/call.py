"""One call, apart from how a client waits for it: its id, its metadata, its attempts and what its failures mean."""

import uuid
from typing import TypedDict

import grpc

from imagewire._grpc.channel import Metadata
from imagewire._grpc.retry import Attempts
from imagewire._grpc.status import from_grpc, is_unsent
from imagewire.errors import ImagewireError

_REQUEST_ID = "x-request-id"


class Settings(TypedDict):
    """What each attempt is made with, as gRPC's stubs take it. timeout: seconds, None for no limit."""

    timeout: float | None
    metadata: Metadata


class Call:
    """A call and its attempts. It has one id in the logs of both sides, the caller's where the metadata have one.

    target: the server, for messages. metadata: what the client sends with every call. retries: how many attempts may
    follow the first. timeout: seconds for all attempts together, None for no limit.
    """

    def __init__(self, target: str, metadata: Metadata, retries: int, timeout: float | None) -> None:
        self._target = target
        self._attempts = Attempts(retries, timeout)
        given = next((value for name, value in metadata if name == _REQUEST_ID), None)
        self._request_id = uuid.uuid4().hex if given is None else str(given)
        self._metadata = metadata if given is not None else (*metadata, (_REQUEST_ID, self._request_id))

    def settings(self) -> Settings:
        """For the next attempt, which has the time that is left."""
        return {"timeout": self._attempts.left(), "metadata": self._metadata}

    def error(self, error: grpc.RpcError) -> ImagewireError:
        """gRPC's error as ours."""
        return from_grpc(error, self._target, self._request_id)

    def retry_delay(self, error: grpc.RpcError, *, begun: bool = False) -> float:
        """Seconds to wait before the next attempt. Raises the error as ours where there is none.

        begun: whether the answer had begun, so that the call cannot be made again.
        """
        return self._attempts.delay(self.error(error), begun=begun, unsent=is_unsent(error))
