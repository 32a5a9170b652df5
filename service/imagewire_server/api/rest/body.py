"""A request's body, with limits on its size and on the time that it takes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from imagewire_server.api.rest.status import HttpError
from imagewire_server.core.receive_budget import SLOWEST, ReceiveBudget

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Disconnected(Exception):
    """The client has disconnected."""


class Body:
    """The body of one request. most: bytes. timeout: seconds for it to start or to continue, and in total for what is
    beyond the time that its bytes need.
    """

    def __init__(
        self,
        receive: Receive,
        headers: list[tuple[bytes, bytes]],
        most: int,
        timeout: float,
        receive_budget: ReceiveBudget,
    ) -> None:
        self._receive = receive
        self._timeout = timeout
        self._receive_budget = receive_budget
        self._most = most
        self._held = 0  # of the budget, for what has come
        lengths = [value for name, value in headers if name == b"content-length"]
        if lengths and lengths[0].isdigit() and int(lengths[0]) > most:
            raise self._too_large()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises HttpError (408, 413), Overloaded and Disconnected."""
        loop = asyncio.get_running_loop()
        begun, size = loop.time(), 0
        try:
            while True:
                until = min(loop.time() + self._timeout, begun + self._timeout + size / SLOWEST)
                try:
                    async with asyncio.timeout_at(until):
                        message = await self._receive()
                except TimeoutError:
                    raise self._too_slow() from None
                if message["type"] == "http.disconnect":
                    raise Disconnected
                piece = message.get("body", b"")
                size += len(piece)
                if size > self._most:
                    raise self._too_large()
                more = message.get("more_body", False)
                if more:
                    self._held += len(piece)
                    self._receive_budget.rest += len(piece)
                    if self._receive_budget.excess:
                        raise self._receive_budget.refusal()
                if piece:
                    yield piece
                if not more:
                    return
        finally:
            self.release()

    def release(self) -> None:
        """What has come so far is no longer held."""
        self._receive_budget.rest -= self._held
        self._held = 0

    async def whole(self) -> bytearray:
        """Return the whole body."""
        body = bytearray()  # grows in place; pieces and their sum would be in memory twice
        async for piece in self.pieces():
            body += piece
        return body

    @staticmethod
    def _too_slow() -> HttpError:
        words = "the request's body arrived too slowly: send it at 32 kB a second or faster"
        return HttpError(408, "REQUEST_TIMEOUT", words, [(b"connection", b"close")])

    def _too_large(self) -> HttpError:
        return HttpError(
            413,
            "REQUEST_TOO_LARGE",
            f"the request is larger than {self._most} bytes (max_request_bytes): send smaller pictures, or their URLs",
        )


def name_model(body: bytearray, model: str) -> None:
    """Add the model of the path to a body, in place. The decoder takes the last of two."""
    end = body.rfind(b"}")
    comma = b"" if body[:end].rstrip().endswith(b"{") else b","
    if end >= 0:
        body[end:end] = comma + b'"model":' + msgspec.json.encode(model)
