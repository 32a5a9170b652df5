"""Answers from recorded calls, with the same status, headers and chunks. What was not recorded is an error."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

from imagewire_emulator import incoming
from imagewire_emulator.errors import ApiError
from imagewire_emulator.ledger import Entry
from imagewire_emulator.transcripts import har, hidden
from imagewire_emulator.transcripts.record import described
from imagewire_emulator.transcripts.redact import REDACTED


class ReplayError(Exception):
    """Replaying is not possible; the text has the remedy."""


class Replayer:
    """The calls of a folder. Equal requests with one key get their recorded answers in order; the last is repeated.

    Bodies stay in the files until they are asked for: a hundred pictures in 4K are gigabytes.
    """

    def __init__(self, folder: Path) -> None:
        self.words = f"which answers with what is recorded in {folder}"
        self._folder = folder
        self._calls: dict[str, list[Path]] = {}
        self._files: dict[str, list[tuple[str, har.Request]]] = {}
        self._asked: Counter[tuple[str, str]] = Counter()
        try:
            files = sorted(path for path in folder.iterdir() if path.suffix == har.SUFFIX)
        except OSError as error:
            raise ReplayError(f"--replay {folder}: {error.strerror}; name a folder made with --record") from None
        if not files:
            raise ReplayError(f"--replay {folder}: it has no recorded calls (*{har.SUFFIX}); make them with --record")
        for file in files:
            try:
                asked = har.read(file).request
            except (OSError, ValueError) as error:
                raise ReplayError(f"--replay {folder}: {file.name}: {error}; record it again, or remove it") from None
            self._calls.setdefault(asked.key, []).append(file)
            self._files.setdefault(asked.line, []).append((file.name, asked))

    async def close(self) -> None:
        """Nothing is open."""

    async def answer(self, request: web.Request, entry: Entry) -> web.StreamResponse:
        """Answer with the recorded call of the same method, path, query and body."""
        asked = described(request, await incoming.body(request))
        files = self._calls.get(asked.key)
        if files is None:
            raise ApiError("NOT_FOUND", self._not_recorded(asked))
        caller = request.headers.get("x-goog-api-key", request.headers.get("authorization", ""))
        file = files[min(self._asked[caller, asked.key], len(files) - 1)]
        self._asked[caller, asked.key] += 1
        try:
            call = await asyncio.to_thread(har.read, file)
            chunks = _restored(call, asked.secret)
        except (OSError, ValueError):
            raise ApiError("INTERNAL", f"{file.name} changed after it was read: start the emulator again.") from None
        response = web.StreamResponse(status=call.status, headers=_headers(call, request))
        entry.status = call.status
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            entry.bytes_sent += len(chunk)
        if not call.complete:
            entry.end("cut")
            if request.transport is not None:
                request.transport.close()
            raise ConnectionResetError
        await response.write_eof()
        entry.end("ok" if call.status < 400 else "error")
        return response

    def _not_recorded(self, asked: har.Request) -> str:
        found = self._files.get(asked.line)
        if found is None:
            lines = "; ".join(sorted(self._files)[:5])
            return f"{asked.line} is not recorded in {self._folder}. Recorded are: {lines}. Record it with --record."
        name, nearest = found[-1]
        differences = "; ".join(
            difference for _, difference in zip(range(3), _different(asked.body, nearest.body), strict=False)
        )
        return (
            f"{asked.line} is recorded in {self._folder}, but not with this body (its hash is {asked.key})."
            f" {name} differs: {differences or 'a redacted text of the same length'}. Record it with --record."
        )


def _restored(call: har.Call, secret: bytes) -> list[bytes]:
    """The chunks as they were before they were redacted. Raises ValueError."""
    if call.hidden is None:
        return [chunk.data for chunk in call.chunks]
    body = hidden.restore(b"".join(chunk.data for chunk in call.chunks), call.hidden, secret)
    ends = list(itertools.accumulate(len(chunk.data) for chunk in call.chunks))
    return [body[at:end] for at, end in itertools.pairwise([0, *ends])]


def _headers(call: har.Call, request: web.Request) -> list[tuple[str, str]]:
    """The recorded headers. An upload goes on here."""
    own = f"{request.scheme}://{request.host}"
    return [(name, own + value if name == "x-goog-upload-url" else value) for name, value in call.headers]


def _different(asked: Any, recorded: Any, path: str = "") -> Iterator[str]:
    """Where two redacted bodies differ, in the words of the caller's JSON."""
    match asked, recorded:
        case dict(), dict():
            for name in sorted({*asked, *recorded}):
                at = f"{path}.{name}" if path else name
                if name not in recorded:
                    yield f"{at} was not sent when it was recorded"
                elif name not in asked:
                    yield f"{at} is missing"
                else:
                    yield from _different(asked[name], recorded[name], at)
        case list(), list() if len(asked) == len(recorded):
            for index, (one, other) in enumerate(zip(asked, recorded, strict=True)):
                yield from _different(one, other, f"{path}[{index}]")
        case list(), list():
            yield f"{path} has {len(asked)} elements, recorded {len(recorded)}"
        case str(), str() if asked.startswith(REDACTED) != recorded.startswith(REDACTED):
            return  # an input picture that was kept
        case _ if asked != recorded:
            yield f"{path} is {asked!r}, recorded {recorded!r}"
