"""One call of Google's generateContent: the dialect over the transport. Both of Google's providers stand on it."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from urllib.parse import urlsplit

import msgspec

from imagewire_server import __version__
from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error, InvalidRequest, Malformed, TooLarge, Violation
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.limits import MOST_VIOLATIONS
from imagewire_server.contract.provider import Capabilities, Report
from imagewire_server.contract.relayed import RelayedBytes, RelayedRequest
from imagewire_server.core.offload import run_in_thread
from imagewire_server.providers.google.wire import (
    ANYTHING,
    Allowed,
    Body,
    Reader,
    Redaction,
    before_error,
    check_text,
    encode,
    refusal,
)
from imagewire_server.transport.http import HttpAnswer, HttpTransport, extended, prepared

_ERROR_BYTES = 1024 * 1024
_ANSWERS = b'"candidates"'
# Headers that hold credentials, also those of a relay.
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "x-goog-api-key"})
# Seconds: an odd piece of an answer takes so long to read, a usual one a hundredth of it.
_LONG = 0.01
# An answer that is read as a whole: a count of tokens.
_SMALL_ANSWER = 1024 * 1024


class GoogleCall:
    """What every call of a deployment shares. first_byte_timeout: seconds, None for the transport's.

    max_retry_after: the longest wait, in seconds, that a provider's hint is followed for. allowed: what requests may
    name.
    """

    def __init__(
        self,
        http: HttpTransport,
        extra_headers: Mapping[str, str],
        first_byte_timeout: float | None,
        max_retry_after: float,
        allowed: Allowed = ANYTHING,
    ) -> None:
        self._http = http
        self._allowed = allowed
        own = {"content-type": "application/json", "user-agent": f"imagewire/{__version__}"}
        self._headers = {**extra_headers, **own}
        self._deciding = sorted(one for one in extra_headers.items() if one[0] not in {*own, *_CREDENTIALS})
        self._credentials: Mapping[str, str] = {}
        self._prepared = prepared(self._headers)
        self._first_byte_timeout = first_byte_timeout
        self._max_retry_after = max_retry_after

    def target(self, model_url: str, capabilities: Capabilities) -> str:
        """See Provider. model_url: with credentials or without."""
        given = urlsplit(model_url)
        place = given.scheme, given.netloc.rpartition("@")[2], given.path, given.query
        encoding = capabilities.system_instruction, capabilities.unsigned_signature, capabilities.talks
        return json.dumps([place, self._deciding, encoding])

    async def body(self, spec: pb.Spec, capabilities: Capabilities, *, large: bool) -> bytes | Body:
        """The request's body. Raises InvalidRequest for what the model cannot take."""
        if large:
            return await run_in_thread(lambda: Body(encode(spec, capabilities, self._allowed)))
        return msgspec.json.encode(encode(spec, capabilities, self._allowed))

    def ask(
        self,
        url: str,
        spec: pb.Spec,
        capabilities: Capabilities,
        credentials: Mapping[str, str],
        *,
        report: Report,
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """Encode the spec and `generate`."""
        if report.large:
            # The body has no name here: it would be kept as long as the answer.
            return self._ask_large(
                spec,
                capabilities,
                lambda body: self.generate(url, body, credentials, report=report),
            )
        body = msgspec.json.encode(encode(spec, capabilities, self._allowed))
        return self.generate(url, body, credentials, report=report)

    async def _ask_large(
        self,
        spec: pb.Spec,
        capabilities: Capabilities,
        send: Callable[[bytes | Body], AsyncGenerator[list[StreamEvent], None]],
    ) -> AsyncGenerator[list[StreamEvent], None]:
        async with aclosing(send(await self.body(spec, capabilities, large=True))) as answer:
            async for events in answer:
                yield events

    async def check(self, request: RelayedRequest, *, large: bool) -> None:
        """Raise InvalidRequest where a request in Google's own format names what callers may not."""
        if self._allowed.is_all:
            return
        found: list[Violation] = []

        def look() -> None:
            check_text(request.body, self._allowed, lambda path, words: found.append(Violation(path, words)))

        await run_in_thread(look) if large else look()
        if found:
            raise InvalidRequest(found[:MOST_VIOLATIONS])

    async def generate(
        self, url: str, body: bytes | Body, credentials: Mapping[str, str], *, report: Report
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """Send once and yield the answer's events, a piece's together. credentials: headers that hold secrets.

        report: filled in on the way. Its `relayed` gets the bytes, but for a piece of them that ends in an error.
        """
        if credentials != self._credentials:  # a token lasts an hour, a key for ever
            self._credentials, self._prepared = credentials, prepared({**self._headers, **credentials})
        headers = self._prepared if not report.headers else extended(self._prepared, report.headers)
        report.url, report.sent = url, True
        posted = await self._http.post(url, headers, body, first_byte_timeout=self._first_byte_timeout)
        request_bytes = len(body)
        del body  # a large one
        report.status = posted.status
        async with aclosing(posted) as answer:
            # A relay may stamp another status of success on an answer; its body shows what it is.
            first = await answer.read() if 200 < answer.status < 300 else b""
            if answer.status != 200 and _ANSWERS not in first:
                raise refusal(
                    answer.status,
                    first + await answer.head(_ERROR_BYTES),
                    retry_after=answer.retry_after,
                    secrets=credentials.values(),
                    max_retry_after=self._max_retry_after,
                    request_bytes=request_bytes,
                )
            relayed = report.relayed
            if relayed is not None:
                relayed.begin(answer.content_type)
                if not report.draws:
                    redaction = Redaction(credentials.values(), everywhere=True)
                    relayed.add(redaction.feed(await _small(answer, first), last=True))
                    yield [pb.Event(finished=pb.Finished())]
                    return
            reader = Reader(secrets=credentials.values())
            report.answer = reader
            redaction = Redaction(credentials.values())
            ended = False
            while not ended:
                events, error, ended = await _next(answer, reader, first, relayed, redaction)
                first = b""
                if events:
                    yield events
                if error is not None:
                    raise error
                if relayed is not None:
                    await relayed.room()


async def _small(answer: HttpAnswer, first: bytes) -> bytes:
    """A small answer of which no events are made. first: what was read already."""
    whole = bytearray(first)
    while piece := await answer.read():
        whole += piece
        if len(whole) > _SMALL_ANSWER:
            raise TooLarge(f"the provider's answer is larger than the {_SMALL_ANSWER} bytes that such a one may have")
    try:
        msgspec.json.decode(whole.removeprefix(b"\xef\xbb\xbf"), type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("the provider's answer is no JSON object") from None
    return bytes(whole)


async def _next(
    answer: HttpAnswer, reader: Reader, read: bytes, relayed: RelayedBytes | None, redaction: Redaction
) -> tuple[list[StreamEvent], Error | None, bool]:
    """What the next piece of an answer brings, up to the error that ended it: what came before goes out before it.

    The last event shows whether the answer is at its end. The piece itself is not held any longer, but for `relayed`.
    read: what was read already.
    """
    piece = read or await answer.read()
    begun = time.monotonic()
    ended = not piece or answer.ended
    events: list[StreamEvent] = []
    read_on = False
    try:
        reader.feed(piece, events)
        read_on = True
        if ended:
            reader.close(events)
    except Error as error:
        return events, error, True
    finally:
        if relayed is not None:
            # An error behind a whole answer changes nothing, and is passed on; it too may quote a key.
            relayed.add(redaction.feed(piece if read_on else before_error(piece), last=ended or not read_on))
    if time.monotonic() - begun > _LONG:
        await asyncio.sleep(0)  # what has arrived is read without a wait, and other calls want their turn
    return events, None, ended
