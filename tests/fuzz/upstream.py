"""A stand-in for Google that sends invented answers byte for byte: HTTP written by hand over TCP."""

import asyncio
import contextlib
import gzip
import re
from collections.abc import AsyncIterator

from tests.fuzz import framing
from tests.fuzz.answer import Answer

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_MODEL = re.compile(rb"models/([^:/? ]+):")


class Upstream:
    """Sends each model's answer, whatever it is asked. answers: by the model's name. otherwise: of all other models."""

    def __init__(self, otherwise: Answer | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self._otherwise = otherwise
        self.url = ""
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Upstream"]:
        """Serve on loopback."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for writer in self._open.values():
                writer.close()
            await asyncio.gather(*self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                await reader.readexactly(int(length[1]) if length else 0)
                model = _MODEL.search(head)
                answer = self.answers.get(model[1].decode(), self._otherwise) if model else self._otherwise
                assert answer is not None
                if not await self._answer(answer, writer):
                    break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        del self._open[task]

    @staticmethod
    async def _answer(answer: Answer, writer: asyncio.StreamWriter) -> bool:
        """Write an answer; whether the connection goes on."""
        plan, body = answer.plan, answer.body
        head = ["HTTP/1.1 200 OK"]
        if plan.label is not None:
            head.append(f"Content-Type: {plan.label}")
        if "gzip" in plan.wire:
            body = gzip.compress(body, 1)
            head.append("Content-Encoding: gzip")
        # Of a body that is cut, the head may tell its whole length, or the cut may look like the end.
        torn = plan.damage.startswith("cut") and plan.rng("torn").random() < 0.5
        chunked, close = "chunked" in plan.wire, "close" in plan.wire
        if chunked:
            head.append("Transfer-Encoding: chunked")
        elif not close:
            head.append(f"Content-Length: {len(body) + 100 * torn}")
        writer.write("\r\n".join([*head, "", ""]).encode())
        pieces = framing.pieces(plan, body)
        if len(pieces) > 400:
            pieces = [*pieces[:399], b"".join(pieces[399:])]
        for piece in pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
            await asyncio.sleep(0)
        if chunked and not torn:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return not (torn or (close and not chunked))
