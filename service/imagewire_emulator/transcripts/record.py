"""Relays calls to a real upstream, and records each complete one as a file, without secrets.

The caller's credentials are passed on and never written. The answer is passed on while it arrives.
"""

import asyncio
import logging
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from imagewire_emulator import incoming
from imagewire_emulator.errors import ApiError
from imagewire_emulator.ledger import Entry
from imagewire_emulator.transcripts import har, hidden, masking, redact

GOOGLE = "https://generativelanguage.googleapis.com"
_LOGGER = logging.getLogger(__name__)
_UPLOAD_URL = "x-goog-upload-url"
_PUBLIC = re.compile(r"/models(/[^/:]+)?$")  # Google's own models, with the display names that it gives them
# Headers of one connection, and what aiohttp sets itself.
_NOT_PASSED = {
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class RecordError(Exception):
    """Recording is not possible; the text has the remedy."""


class Recorder:
    """folder: where the files go; it is made. keep_inputs: whether input pictures are written."""

    def __init__(self, folder: Path, upstream: str = GOOGLE, *, keep_inputs: bool = False) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordError(f"--record {folder}: {error.strerror}; name a folder that can be written") from None
        url = urlsplit(upstream)
        if url.scheme not in {"http", "https"} or not url.hostname or url.username or url.query:
            raise RecordError(f"--upstream: not a URL with only a host and a path, like {GOOGLE}")
        self.words = f"which records {upstream} in {folder}"
        self._folder = folder
        self._upstream = upstream.rstrip("/")
        self._keep_inputs = keep_inputs
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections to the upstream."""
        if self._session is not None:
            await self._session.close()

    async def answer(self, request: web.Request, entry: Entry) -> web.StreamResponse:
        """Relay a call."""
        if self._session is None:
            # A long drawing sends nothing for minutes, so only the connection has a time limit.
            limit = aiohttp.ClientTimeout(total=None, sock_connect=30)
            self._session = aiohttp.ClientSession(timeout=limit, trust_env=True)
        started, begun = datetime.now(UTC), time.monotonic()
        sent = await incoming.body(request)
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _NOT_PASSED]
        try:
            answer = await self._session.request(
                request.method,
                f"{self._upstream}{request.raw_path}",
                data=sent or None,
                headers=[*headers, ("Accept-Encoding", "identity")],
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
            )
        except aiohttp.ClientError as error:
            kind = type(error).__name__
            words = (
                f"The emulator cannot reach the upstream {self._upstream} ({kind}). Check --upstream and the network."
            )
            raise ApiError("UNAVAILABLE", words) from None
        async with answer:
            passed = web.StreamResponse(status=answer.status, headers=self._passed(answer, request))
            await passed.prepare(request)
            entry.status = answer.status
            chunks: list[har.Chunk] = []
            complete = await self._pass_on(answer, passed, chunks, begun, entry)
        await self._record(request, sent, answer, chunks, started, complete=complete)
        if not complete:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError
        await passed.write_eof()
        entry.end("ok" if answer.status < 400 else "error")
        return passed

    def _passed(self, answer: aiohttp.ClientResponse, request: web.Request) -> list[tuple[str, str]]:
        """The headers of an answer. Uploads go on through this relay."""
        dropped = {*_NOT_PASSED, "content-encoding", "date", "server"}
        own = f"{request.scheme}://{request.host}"
        return [
            (name, value.replace(self._upstream, own) if name.lower() == _UPLOAD_URL else value)
            for name, value in answer.headers.items()
            if name.lower() not in dropped
        ]

    async def _pass_on(
        self,
        answer: aiohttp.ClientResponse,
        passed: web.StreamResponse,
        chunks: list[har.Chunk],
        begun: float,
        entry: Entry,
    ) -> bool:
        """Pass the body on as it arrives, and keep its chunks as HTTP divides it; whether it is complete."""
        held = b""
        try:
            async for data, ends in answer.content.iter_chunks():
                if data:
                    await passed.write(data)
                    entry.bytes_sent += len(data)
                held += data
                if ends and held:
                    chunks.append(har.Chunk((time.monotonic() - begun) * 1000, held))
                    held = b""
        except aiohttp.ClientPayloadError:
            return False
        finally:
            if held:
                chunks.append(har.Chunk((time.monotonic() - begun) * 1000, held))
        return True

    async def _record(
        self,
        request: web.Request,
        sent: bytes,
        answer: aiohttp.ClientResponse,
        chunks: list[har.Chunk],
        started: datetime,
        *,
        complete: bool,
    ) -> None:
        def work() -> None:
            asked = described(request, sent, keep_inputs=self._keep_inputs)
            secrets = redact.credentials(request.headers.items(), request.query_string)
            bare = masking.without(b"".join(chunk.data for chunk in chunks), secrets)
            whole = masking.masked(bare, redact.texts(sent), redact.names(sent))
            repeated = hidden.hide(bare, whole, asked.secret)
            if not _PUBLIC.search(request.path):
                whole = masking.without_display_names(whole)
            masked, at = [], 0
            for chunk in chunks:
                masked.append(har.Chunk(chunk.at, whole[at : at + len(chunk.data)]))
                at += len(chunk.data)
            headers = redact.kept_answer_headers(answer.headers, self._upstream)
            call = har.Call(asked, answer.status, tuple(headers), tuple(masked), complete, repeated)
            try:
                har.write(self._folder, call, self._upstream, started)
            except OSError as error:  # the caller has paid for the answer, and shall have it
                _LOGGER.error("a call is not recorded in %s: %s", self._folder, error.strerror)  # noqa: TRY400

        await asyncio.to_thread(work)


def described(request: web.Request, body: bytes, *, keep_inputs: bool = False) -> har.Request:
    """A request as it is written and looked for."""
    query = redact.query(request.query_string)
    return har.Request(
        request.method,
        request.path,
        tuple(query),
        tuple(redact.request_headers(request.headers.items())),
        redact.body(body, keep_inputs=keep_inputs),
        *har.hashes(request.method, request.path, query, body),
    )
