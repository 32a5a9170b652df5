"""What one call wants of a server that keeps answers."""

from typing import NamedTuple

from imagewire.errors import invalid
from imagewire.options import OnDisconnect as Choice
from imagewire.type_check import mismatch, require
from imagewire.v1.chat_service_pb2 import CreateCompletionRequest, OnDisconnect, StreamCompletionRequest

_LONGEST = 315_576_000_000  # seconds of a Duration


class Wish(NamedTuple):
    """request_id: "" for a new one. on_disconnect, cache_ttl: None for the server's setting."""

    request_id: str = ""
    on_disconnect: Choice | None = None
    cache_ttl: float | None = None

    def put(self, request: CreateCompletionRequest | StreamCompletionRequest) -> None:
        """Put all but the request_id into a request. Raises InvalidRequest, and TypeError for what is no choice."""
        if self.on_disconnect is not None:
            require("on_disconnect", self.on_disconnect, Choice)
            kept = self.on_disconnect == "keep"
            request.on_disconnect = OnDisconnect.ON_DISCONNECT_KEEP if kept else OnDisconnect.ON_DISCONNECT_CANCEL
        if self.cache_ttl is not None:
            if mismatch(self.cache_ttl, float) or not (0 <= self.cache_ttl <= _LONGEST):
                raise invalid("cache_ttl", f"must be a number of seconds, from 0 to {_LONGEST}")
            request.cache_ttl.FromNanoseconds(round(self.cache_ttl * 1e9))
